"""Letting people in and out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from headwater.audience import queries as audience
from headwater.core import clock
from headwater.core.lanes import lane_key
from headwater.timeline.actions import NewFact, in_lane

from ..engine import due, load
from ..engine.batch import Batch
from ..engine.graph import Version, versions
from ..engine.leaving import leave, sort_out
from ..engine.walk import advance
from ..facts import JourneyEntered
from ..models import OPEN, Journey, Status
from ..rules.duration import delta

#: People who enter in one transaction, where the caller has none
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who is to enter. key: one entry per key and journey; since: when the cause happened (now if None)."""

    person_id: int
    key: str
    why: Mapping[str, Any] = field(default_factory=dict)
    since: datetime | None = None


def enter(journey_id: int, entries: Sequence[Entry], *, actor: str) -> dict[int, int]:
    """Let people into the live version of a journey and take them as far as they get.

    Returns person_id -> passage id of those who entered; the others had entered with this key before, are still
    inside, or may not come again (re-entry rule). Nobody enters a journey that is not live. Without a transaction
    around it, each 2,000 people are one.
    """
    if connection.in_atomic_block or len(entries) <= CHUNK:
        return _enter(journey_id, entries, actor)
    done: dict[int, int] = {}
    ordered = sorted(entries, key=lambda e: lane_key(e.person_id))
    for start in range(0, len(ordered), CHUNK):
        done |= _enter(journey_id, ordered[start : start + CHUNK], actor)
    return done


def _enter(journey_id: int, entries: Sequence[Entry], actor: str) -> dict[int, int]:
    if not entries:
        return {}
    with in_lane(*{e.person_id for e in entries}):
        live = Journey.objects.filter(pk=journey_id, status=Status.LIVE).values_list("version_id", flat=True).first()
        if live is None:
            return {}
        version = versions([live])[live]
        if version.start is None:
            return {}
        now = clock.now()
        allowed = _allowed(version, _only(version, entries), now)
        rows = [(e.person_id, e.key[:100], json.dumps(dict(e.why), default=str), e.since or now) for e in allowed]
        people = load.insert(journey_id, version.id, version.start, now, rows)
        if not people:
            return {}
        batch = Batch(now)
        causes = {e.person_id: str(e.why.get("kind", "")) for e in allowed}
        for t in people:
            fact = JourneyEntered(
                journey=journey_id, name=version.name, version=version.number, passage=t.id, why=causes[t.person_id]
            )
            batch.facts.append(NewFact(t.person_id, fact, now, None, actor))
        batch.days[journey_id, "entered"] += len(people)
        batch.counts[version.id, version.start, "entered"] += len(people)
        advance(batch, sort_out(batch, people, {version.id: version}), {version.id: version})
        batch.flush()
        return {t.person_id: t.id for t in people}


def _only(version: Version, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Those who meet the condition for entering."""
    if version.only is None:
        return entries
    holds = audience.matching(version.only, sorted({e.person_id for e in entries}))
    return [e for e in entries if e.person_id in holds]


def _allowed(version: Version, entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """Those whom the re-entry rule lets in: at most one entry for each person at a time, unless the rule is
    "always"."""
    rule = version.reentry.get("rule", "when_finished")
    after = version.reentry.get("after")
    if rule == "always" and not after:
        return _first_of_each(entries, lambda e: (e.person_id, e.key))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, max(entered_at), bool_or(state = ANY(%s)) FROM journeys_passage "
            "WHERE person_id = ANY(%s) AND journey_id = %s GROUP BY person_id",
            [list(OPEN), [e.person_id for e in entries], version.journey_id],
        )
        past = {person: (last, inside) for person, last, inside in cursor.fetchall()}
    out = []
    for e in _first_of_each(entries, lambda e: (e.person_id,)):
        last, inside = past.get(e.person_id, (None, False))
        if last is not None:
            if rule == "once" or (rule == "when_finished" and inside):
                continue
            if after and now - last < delta(after):
                continue
        out.append(e)
    return out


def _first_of_each(entries: Iterable[Entry], key: Callable[[Entry], Hashable]) -> list[Entry]:
    found: dict[Hashable, Entry] = {}
    for e in entries:
        found.setdefault(key(e), e)
    return list(found.values())


def enter_by_hand(journey_id: int, person_ids: Sequence[int], *, actor: str) -> dict[int, int]:
    """A user or the API lets people in, each call anew."""
    key = f"manual:{uuid.uuid4().hex}"
    return enter(journey_id, [Entry(p, key, {"kind": "manual", "by": actor}) for p in person_ids], actor=actor)


def remove(journey_id: int, person_ids: Sequence[int], *, actor: str, why: str = "removed") -> int:
    """Take people out of a journey where they stand. Returns how many passages ended."""
    if not person_ids:
        return 0
    with in_lane(*set(person_ids)):
        people = load.of_people(person_ids, journey_id)
        found = versions(t.version_id for t in people)
        batch = Batch(clock.now())
        for t in people:
            leave(batch, t, found[t.version_id], "exited", why)
        batch.flush()
    return len(people)


def retry(person_id: int, passage_id: int, *, actor: str) -> bool:
    """Try the step again on which a passage is stuck. Returns False where it is not stuck."""
    with in_lane(person_id):
        people = [t for t in load.by_id([(person_id, passage_id)]) if t.state == "stuck"]
        for t in people:
            t.state, t.tries, t.outcome = "active", 0, ""
        due.wake(people, clock.now())
    return bool(people)


def skip_wait(person_id: int, passage_id: int, *, actor: str) -> bool:
    """End her waiting now, as if the time had passed. Returns False where she is not waiting."""
    with in_lane(person_id):
        people = [t for t in load.by_id([(person_id, passage_id)]) if t.state == "waiting"]
        now = clock.now()
        for t in people:
            t.until = now
        due.wake(people, now)
    return bool(people)
