"""May we write to her? The present state per channel and topic, each change with its proof."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from headwater.core import clock
from headwater.timeline.actions import NewFact, in_lane, record_many

from .. import rules
from ..facts import ConsentChanged
from ..models import Consent


@dataclass(frozen=True, slots=True)
class ConsentChange:
    person_id: int
    channel: str
    state: str
    topic: str = ""
    proof: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


def set_consent(
    person_id: int,
    channel: str,
    state: str,
    *,
    actor: str,
    topic: str = "",
    proof: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> bool:
    """Keep that she agreed ("granted"), refused ("withdrawn") or was asked to confirm ("pending").

    proof: where and with which words: {"source": "form:3", "text": "...", "ip": "...", "url": "..."}. Returns True
    where the state changed. Raises rules.Invalid on "channel" or "state".
    """
    return bool(set_consents([ConsentChange(person_id, channel, state, topic, proof or {}, at)], actor=actor))


def set_consents(changes: Sequence[ConsentChange], *, actor: str) -> list[ConsentChange]:
    """The same for many. Returns those that changed something; the last of one person, channel and topic counts."""
    for c in changes:
        if c.channel not in rules.CONSENT_CHANNELS:
            raise rules.Invalid({"channel": _("There is no such channel.")})
        if c.state not in rules.CONSENT_STATES:
            raise rules.Invalid({"state": _("Consent is granted, withdrawn or pending.")})
    wanted = {(c.person_id, c.channel, c.topic): c for c in changes}
    if not wanted:
        return []
    people = {c.person_id for c in changes}
    with in_lane(*people):
        now = clock.now()
        present = {
            (p, channel, topic): state
            for p, channel, topic, state in Consent.objects.filter(person_id__in=people).values_list(
                "person_id", "channel", "topic", "state"
            )
        }
        new = [c for key, c in wanted.items() if present.get(key) != c.state]
        if new:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO people_consent (person_id, channel, topic, state, at, proof) "
                    "SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], "
                    "%s::jsonb[]) AS x(p, c, t, s, a, o) "
                    "WHERE EXISTS (SELECT 1 FROM people_contact k WHERE k.id = x.p) "
                    "ON CONFLICT (person_id, channel, topic) DO UPDATE SET state = excluded.state, "
                    "at = excluded.at, proof = excluded.proof RETURNING person_id",
                    [
                        [c.person_id for c in new],
                        [c.channel for c in new],
                        [c.topic for c in new],
                        [c.state for c in new],
                        [c.at or now for c in new],
                        [json.dumps(dict(c.proof), default=str) for c in new],
                    ],
                )
                there = {person for (person,) in cursor.fetchall()}
            new = [c for c in new if c.person_id in there]  # who was erased meanwhile stays so
            record_many([NewFact(c.person_id, _fact(c), c.at or now, actor=actor) for c in new])
    return new


def rows_of(person_ids: Sequence[int], channel: str) -> dict[int, dict[str, Any]]:
    """What people said about a channel as a whole: person -> {"state", "at", "proof"}; who said nothing is left out."""
    rows = Consent.objects.filter(person_id__in=person_ids, channel=channel, topic="")
    found = rows.values_list("person_id", "state", "at", "proof")
    return {p: {"state": state, "at": at.isoformat(), "proof": proof} for p, state, at, proof in found}


def put_back(wanted: Mapping[int, Mapping[str, Any] | None], channel: str, *, actor: str) -> None:
    """Undo: what people had said before, with its time and proof (as rows_of gives it); None: nothing."""
    said = {p: w for p, w in wanted.items() if w is not None}
    silent = [p for p in wanted if p not in said]
    with in_lane(*wanted):
        now = clock.now()
        rows = [
            Consent(
                person_id=p, channel=channel, topic="", state=w["state"], at=datetime.fromisoformat(w["at"]),
                proof=w["proof"],
            )
            for p, w in said.items()
        ]  # fmt: skip
        Consent.objects.filter(person_id__in=list(wanted), channel=channel, topic="").delete()
        Consent.objects.bulk_create(rows)
        facts = [(p, ConsentChanged(channel=channel, state=w["state"], source="undo")) for p, w in said.items()]
        facts += [(p, ConsentChanged(channel=channel, state="", source="undo")) for p in silent]
        record_many([NewFact(p, fact, now, actor=actor) for p, fact in facts])


def _fact(c: ConsentChange) -> ConsentChanged:
    return ConsentChanged(
        channel=c.channel,
        state=c.state,
        topic=c.topic,
        source=str(c.proof.get("source", "")),
        text=str(c.proof.get("text", "")),
        url=str(c.proof.get("url", "")),
        ip=str(c.proof.get("ip", "")),
    )
