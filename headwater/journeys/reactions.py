"""What journeys hear: causes to enter, and what ends the waiting, or the way, of those who are inside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from headwater.core import clock
from headwater.timeline.registry import Event, reaction

from .actions import Entry, enter, enter_all, remove
from .engine import due, load
from .engine.base import Traveller
from .engine.batch import Batch
from .engine.graph import Version, versions
from .engine.leaving import ending, leave, sort_out
from .engine.walk import trusting
from .facts import JourneyCalled
from .queries.inside import journeys_of
from .queries.listening import ENTERED, listening
from .rules import matching

CALLED = JourneyCalled.kind


@reaction("journeys", hears=None, order=30)
def on_facts(events: Sequence[Event]) -> None:
    """First those who enter, then those inside: goals, exits, waits that are over."""
    plan = listening()
    heard = [e for e in events if plan.wants(e.kind)]
    if not heard:
        return
    inside = [e for e in heard if plan.inside is None or e.kind in plan.inside]

    def all_of_it() -> None:
        _enter(heard, plan.entries)
        _called([e for e in heard if e.kind == CALLED])
        if inside:
            _go_on(inside)

    trusting(all_of_it)


def _enter(events: Sequence[Event], entries: Sequence[tuple[int, dict[str, object]]]) -> None:
    by_journey: dict[int, list[Entry]] = defaultdict(list)
    for journey_id, rule in entries:
        kind = matching.fact_kind(rule)
        for e in events:
            if e.kind == kind and matching.matches(rule, e.kind, e.data):
                by_journey[journey_id].append(Entry(e.person_id, e.id.hex, {"kind": e.kind, "data": e.data}, e.at))
    enter_all(by_journey, actors={journey_id: f"journey:{journey_id}" for journey_id in by_journey})


def _called(events: Sequence[Event]) -> None:
    """Journeys that steps of others start or stop."""
    starting: dict[int, list[Entry]] = defaultdict(list)
    stopping: dict[tuple[int, int], set[int]] = defaultdict(set)
    for e in events:
        journey, by = int(e.data["journey"]), int(e.data["by"])
        if e.data["what"] == "start":
            why = {"kind": "journey", "data": {"journey": by, "depth": e.data.get("depth", 1)}}
            starting[journey].append(Entry(e.person_id, str(e.data["key"]), why, e.at))
        else:
            stopping[journey, by].add(e.person_id)
    for journey, entries in sorted(starting.items()):
        enter(journey, entries, actor=f"journey:{entries[0].why['data']['journey']}")
    for (journey, by), people in sorted(stopping.items()):
        others = [journey] if journey else sorted(set(journeys_of(people)) - {by})
        for other in others:
            remove(other, sorted(people), actor=f"journey:{by}", why="stopped")


def _go_on(events: Sequence[Event]) -> None:
    facts: dict[int, list[Event]] = defaultdict(list)
    for e in events:
        facts[e.person_id].append(e)
    people = load.of_people(list(facts))
    if not people:
        return
    known = versions(t.version_id for t in people)
    now = clock.now()
    batch = Batch(now)
    staying, asked = [], []
    for t in people:
        version = known[t.version_id]
        later = [e for e in facts[t.person_id] if e.at > t.since]
        end = ending(version, later)
        if end is not None:
            leave(batch, t, version, *end)
        elif later and version.watch and (_heard(version.watch_hears, later) or _noticed(version, later)):
            asked.append(t)
        else:
            staying.append(t)
    staying += sort_out(batch, asked, known)
    awake = [
        t
        for t in staying
        if t.state == "waiting" and _concerns(known[t.version_id], t, [e for e in facts[t.person_id] if e.at > t.since])
    ]
    batch.flush()
    due.wake(awake, now)


def _concerns(version: Version, t: Traveller, events: Sequence[Event]) -> bool:
    return _heard(version.hears.get(t.step, frozenset()), events)


def _noticed(version: Version, events: Sequence[Event]) -> bool:
    """Has she come into a segment that is kept for a goal or an exit?"""
    kept = version.watch_segments
    return bool(kept) and any(e.kind == ENTERED and e.data.get("segment") in kept for e in events)


def _heard(kinds: frozenset[str] | None, events: Sequence[Event]) -> bool:
    return bool(events) if kinds is None else any(e.kind in kinds for e in events)
