"""Putting short messages (texts, push messages) on their way, or saying why not: what `queue` does for mails. What a
channel does in its own way is in `texting` and `pushing`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from headwater.content.queries import contexts
from headwater.content.rules import MissingField, TemplateProblem, prune
from headwater.core import clock, wake
from headwater.core.arrays import columns
from headwater.core.lanes import lane_key
from headwater.timeline.actions import NewFact, record_many

from ..facts import PushQueued, PushRefused, TextQueued, TextRefused
from ..queries import gates
from ..queries.templates import sendable, sources
from ..rules import compose
from ..rules.compose import Source
from ..rules.tokens import new_id
from .queue import once
from .requests import MailRequest, Outcome

#: What a channel knows of a person: the values for her templates
Values = Mapping[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Decision:
    """A request that was not made before, with what becomes of it. words: what the ledger says that it said."""

    request: MailRequest
    message_id: UUID
    source: Source
    purpose: str
    number: str
    words: str
    refused: str | None


class Due(NamedTuple):
    """Where a message stands in the outbox of its channel."""

    lane_key: int
    rank: int
    at: datetime
    person_id: int
    message_id: UUID


@dataclass(frozen=True)
class Reach:
    """How a channel reaches these people. refusal: why not her (person, whether it is marketing), before the cap and
    its words; numbers: person -> where it goes, for the ledger; enqueue: write the outbox."""

    refusal: Callable[[int, bool], str | None]
    numbers: Mapping[int, str]
    enqueue: Callable[[list[Due]], None]


@dataclass(frozen=True)
class Channel:
    """A channel of short messages. reach: looks up everything about these people at once."""

    key: str
    reach: Callable[[Values], Reach]
    queued: type[TextQueued] | type[PushQueued]
    refused: type[TextRefused] | type[PushRefused]
    crash: str


def queue_short(channel: Channel, requests: Sequence[MailRequest]) -> list[Outcome]:
    """Queue messages for any number of people in a constant number of statements; one Outcome per request, in order.

    As `queue`: idempotent by (person_id, key), and a refusal is a row and a fact with its reason."""
    return once(requests, lambda new: _take(channel, new), channel.crash)


def _take(channel: Channel, requests: list[MailRequest]) -> list[tuple[str, Outcome]]:
    values = contexts(list({r.person_id for r in requests}))
    reach = channel.reach(values)
    decisions, unknown = _decide(channel, requests, values, reach)
    _write(channel, decisions, reach)
    return [(d.request.key[:200], Outcome(d.request.person_id, d.message_id, d.refused)) for d in decisions] + unknown


def _decide(
    channel: Channel, requests: list[MailRequest], values: Values, reach: Reach
) -> tuple[list[Decision], list[tuple[str, Outcome]]]:
    """Decisions, and outcomes of requests about people or templates that do not exist: (key, outcome)."""
    templates = sendable({r.template_id for r in requests}, channel.key)
    found = sources((pk, version) for pk, (version, _) in templates.items())
    cap = gates.policy(channel.key)
    sent = gates.recent_marketing([*{r.person_id for r in requests}], cap, channel.key) if cap else {}
    decisions: list[Decision] = []
    unknown: list[tuple[str, Outcome]] = []
    for request in requests:
        person = request.person_id
        version, kept_for = templates.get(request.template_id, (0, ""))
        source, base = found.get((request.template_id, version)), values.get(person)
        if source is None or base is None:
            why = "no_person" if base is None else "no_template"
            unknown.append((request.key[:200], Outcome(person, None, why)))
            continue
        marketing = "marketing" in (kept_for, request.purpose)
        refused = reach.refusal(person, marketing)
        if refused is None and cap and marketing and sent.get(person, 0) >= cap.mails:
            refused = "cap"
        words, refused = _words(source, base, request.context, marketing, refused)
        if refused is None and marketing:
            sent[person] = sent.get(person, 0) + 1
        purpose = "marketing" if marketing else "transactional"
        number = reach.numbers.get(person, "")
        decisions.append(Decision(request, new_id(clock.now()), source, purpose, number, words, refused))
    return decisions, unknown


def _words(
    source: Source, base: dict[str, Any], extra: dict[str, Any], marketing: bool, refused: str | None
) -> tuple[str, str | None]:
    """(what it says, why it is refused): where a value is missing that is the reason, unless there is one already."""
    context = compose.values(base, prune(extra), marketing=marketing)
    if refused is None:
        try:
            return compose.check(source, context), None
        except MissingField as missing:
            refused = f"missing_field:{missing.name}"[:120]
        except TemplateProblem:
            refused = "template"
    return compose.readable_subject(source, context), refused


def _write(channel: Channel, decisions: list[Decision], reach: Reach) -> None:
    if not decisions:
        return
    now = clock.now()
    rows = [
        (
            d.request.person_id, d.message_id, d.request.key[:200], d.source.template_id, d.source.version, d.purpose,
            d.request.actor, d.number, d.words[:300], json.dumps(prune(d.request.context)),
            "refused" if d.refused else "queued", d.refused or "",
        )
        for d in decisions
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_message (person_id, id, key, template_id, version, purpose, channel, actor, email, "
            "subject, header_id, context, status, reason, error, attempts, uncertain, queued_at, opens, clicks, scans) "
            "SELECT p, i, k, t, v, u, %s, a, e, s, '', c, st, r, '', 0, false, %s, 0, 0, 0 FROM unnest("
            "%s::bigint[], %s::uuid[], %s::text[], %s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], "
            "%s::text[], %s::jsonb[], %s::text[], %s::text[]) AS n(p, i, k, t, v, u, a, e, s, c, st, r)",
            [channel.key, now, *columns(rows)],
        )
    reach.enqueue([_due(d, now) for d in decisions if d.refused is None])
    record_many(
        [
            NewFact(d.request.person_id, _fact(channel, d), now, d.message_id, d.request.actor, fresh=True)
            for d in decisions
        ]
    )
    wake.notify(["mail"])


def _due(d: Decision, now: datetime) -> Due:
    person, rank = d.request.person_id, 1 if d.purpose == "marketing" else 0
    return Due(lane_key(person), rank, max(d.request.at or now, now), person, d.message_id)


def _fact(channel: Channel, d: Decision) -> TextQueued | TextRefused | PushQueued | PushRefused:
    message, template, words = str(d.message_id), d.source.template_id, d.words[:300]
    if d.refused:
        return channel.refused(message=message, template=template, subject=words, reason=d.refused)
    return channel.queued(message=message, template=template, subject=words, key=d.request.key[:200])
