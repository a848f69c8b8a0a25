"""Letting people in and out."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from headwater.audience import queries as audience
from headwater.core import clock
from headwater.core.facts import as_json
from headwater.core.lanes import LANES, lane_of
from headwater.people.models import Contact
from headwater.timeline.actions import Custom, NewFact, in_lane

from ..engine import due, load
from ..engine.base import Traveller
from ..engine.batch import Batch
from ..engine.graph import Version, versions
from ..engine.leaving import leave, sort_out
from ..engine.walk import advance
from ..facts import JourneyEntered
from ..models import OPEN, Journey, Status
from ..rules.duration import delta

#: People who enter in one transaction, where the caller has none
CHUNK = 2000
LANES_AT_ONCE = LANES // 4


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
    # A quarter of the lanes at a time, so that others go on in the rest; and neighbours together, whose rows and keys
    # lie on the same pages
    ordered = sorted(entries, key=lambda e: (lane_of(e.person_id) // LANES_AT_ONCE, e.person_id))
    for start in range(0, len(ordered), CHUNK):
        done |= _enter(journey_id, ordered[start : start + CHUNK], actor)
    return done


def enter_all(wanted: Mapping[int, Sequence[Entry]], *, actors: Mapping[int, str]) -> dict[int, dict[int, int]]:
    """`enter` for several journeys in one go: journey -> entries, and -> who lets them in. One transaction, and a
    constant number of statements beside what the steps do. Returns journey -> person -> passage."""
    wanted = {journey: entries for journey, entries in wanted.items() if entries}
    if not wanted:
        return {}
    with in_lane(*{e.person_id for entries in wanted.values() for e in entries}):
        live = dict(Journey.objects.filter(pk__in=list(wanted), status=Status.LIVE).values_list("pk", "version_id"))
        known = versions(live.values())
        now = clock.now()
        batch = Batch(now)
        allowed = _allowed([(known[live[j]], _only(known[live[j]], wanted[j])) for j in sorted(live)], now)
        arrived = _arrive(batch, [(v, entries) for v, entries in allowed if v.start is not None], actors)
        if arrived:
            advance(batch, sort_out(batch, arrived, known), known)
            batch.flush()
        inside: dict[int, dict[int, int]] = {}
        for t in arrived:
            inside.setdefault(t.journey_id, {})[t.person_id] = t.id
        return inside


def _enter(journey_id: int, entries: Sequence[Entry], actor: str) -> dict[int, int]:
    return enter_all({journey_id: entries}, actors={journey_id: actor}).get(journey_id, {})


def _arrive(
    batch: Batch, allowed: Sequence[tuple[Version, Sequence[Entry]]], actors: Mapping[int, str]
) -> list[Traveller]:
    """New passages of those who have not entered with the same key before."""
    now = batch.now
    wanted = [(version, e) for version, entries in allowed for e in entries]
    arrivals = [(version, e.person_id, e.key[:100], as_json(e.why), e.since or now) for version, e in wanted]
    causes = {(version.journey_id, e.person_id): str(e.why.get("kind", "")) for version, e in wanted}
    told: dict[int, dict[str, Any]] = {
        version.journey_id: JourneyEntered(journey=version.journey_id, name=version.name, version=version.number).data()
        for version, _ in allowed
    }
    people = load.arriving(arrivals, now)
    for t in people:
        data = {**told[t.journey_id], "passage": t.id, "why": causes[t.journey_id, t.person_id]}
        fact = Custom(JourneyEntered.kind, data)
        batch.facts.append(NewFact(t.person_id, fact, now, None, actors[t.journey_id]))
    for (journey, version_id, step), n in Counter((t.journey_id, t.version_id, t.step) for t in people).items():
        batch.counts[version_id, step, "entered"] += n
        batch.days[journey, "entered"] += n
    return people


def _only(version: Version, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Those who meet the condition for entering."""
    if version.only is None:
        return entries
    holds = audience.matching(version.only, sorted({e.person_id for e in entries}))
    return [e for e in entries if e.person_id in holds]


def _allowed(wanted: Sequence[tuple[Version, Sequence[Entry]]], now: datetime) -> list[tuple[Version, Sequence[Entry]]]:
    """Those whom the re-entry rule of each version lets in: at most one entry for each person at a time, unless the
    rule is "always"."""
    asked = [(v, entries) for v, entries in wanted if entries and not _always(v)]
    past: dict[tuple[int, int], tuple[datetime, bool]] = {}
    if asked:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT journey_id, person_id, max(entered_at), bool_or(state = ANY(%s)) FROM journeys_passage "
                "WHERE person_id = ANY(%s) AND journey_id = ANY(%s) GROUP BY journey_id, person_id",
                [
                    list(OPEN),
                    sorted({e.person_id for _, entries in asked for e in entries}),
                    [v.journey_id for v, _ in asked],
                ],
            )
            past = {(journey, person): (last, inside) for journey, person, last, inside in cursor.fetchall()}
    return [
        (v, _first_of_each(entries, lambda e: (e.person_id, e.key)) if _always(v) else _again(v, entries, past, now))
        for v, entries in wanted
    ]


def _always(version: Version) -> bool:
    return version.reentry.get("rule", "when_finished") == "always" and not version.reentry.get("after")


def _again(
    version: Version,
    entries: Sequence[Entry],
    past: Mapping[tuple[int, int], tuple[datetime, bool]],
    now: datetime,
) -> list[Entry]:
    rule, after = version.reentry.get("rule", "when_finished"), version.reentry.get("after")
    out = []
    for e in _first_of_each(entries, lambda e: (e.person_id,)):
        last, inside = past.get((version.journey_id, e.person_id), (None, False))
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
    """A user or the API lets people in, each call anew. Ids of no contact are left out."""
    key = f"manual:{uuid.uuid4().hex}"
    known = Contact.objects.filter(pk__in=list(person_ids)).order_by("pk").values_list("pk", flat=True)
    return enter(journey_id, [Entry(p, key, {"kind": "manual", "by": actor}) for p in known], actor=actor)


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
            # who had waited goes on where her waiting ended, rather than wait from the beginning
            t.state, t.tries, t.outcome = "active" if t.until is None else "waiting", 0, ""
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
