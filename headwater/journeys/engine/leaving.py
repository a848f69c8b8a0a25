"""Leaving in the middle: a goal that is reached, an exit rule, a user."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import connection
from django.db.models import Q

from headwater.audience.models import Segment
from headwater.core import clock
from headwater.timeline.actions import in_lane
from headwater.timeline.queries import Unheard, unheard

from ..models import OPEN, Journey, Passage, StartClock, Status
from ..rules import matching
from . import deciding, load
from .base import Context, Traveller
from .batch import Batch
from .graph import Version, versions

#: How many people the sweep tests in one transaction
CHUNK = 2000
#: A worker that dies hands the people it looks over to another after this long; the sweep tests them anyway
LEASE = timedelta(minutes=10)


def leave(batch: Batch, t: Traveller, version: Version, state: str, why: str) -> None:
    """She leaves in the middle of a step. Into the caller's batch."""
    batch.stepped([t], "goal" if why == "goal" else "exit", why)
    batch.counts[t.version_id, t.step, "left"] += 1
    batch.ended([t], version, state, why)


class Happened(Protocol):
    """A fact, as far as goals and exits ask."""

    @property
    def kind(self) -> str: ...

    @property
    def data(self) -> dict[str, Any]: ...


def ending(version: Version, events: Sequence[Happened]) -> tuple[str, str] | None:
    """(state, why) where one of the events is the goal or an exit."""
    for e in events:
        if version.goal and matching.matches(version.goal, e.kind, e.data):
            return "finished", "goal"
        for rule in version.exits:
            if matching.matches(rule, e.kind, e.data):
                return "exited", f"exit:{e.kind}"
    return None


def overtaking(people: Sequence[Traveller], known: Mapping[int, Version]) -> set[tuple[int, int]]:
    """Passages, (person_id, id), whose goal or exit has happened and still waits in a backlog to be heard. Whoever went
    on now would take a step, perhaps get a mail, after her way has ended."""
    asked = [t for t in people if known[t.version_id].ended_by]
    kinds = sorted({kind for t in asked for kind in known[t.version_id].ended_by})
    facts: dict[int, list[Unheard]] = defaultdict(list)
    for fact in unheard("journeys", kinds, {t.person_id for t in asked}):
        facts[fact.person_id].append(fact)
    return {
        (t.person_id, t.id)
        for t in asked
        if t.person_id in facts and ending(known[t.version_id], [f for f in facts[t.person_id] if f.at > t.since])
    }


def sort_out(batch: Batch, people: Iterable[Traveller], known: Mapping[int, Version]) -> list[Traveller]:
    """Let those leave for whom the goal or an exit of their version is a condition that holds now. Returns the others.
    Costs nothing where no version has such a rule."""
    staying: list[Traveller] = []
    watched: dict[int, list[Traveller]] = defaultdict(list)
    for t in people:
        if known[t.version_id].watch:
            watched[t.version_id].append(t)
        else:
            staying.append(t)
    for version_id, group in watched.items():
        staying += _sort_out(batch, group, known[version_id])
    return staying


def _sort_out(batch: Batch, group: Sequence[Traveller], version: Version) -> list[Traveller]:
    context = Context(version, next(iter(version.nodes.values())), batch.now)
    left = list(group)
    for watch in version.watch:
        held = deciding.true_for(watch.when, context, left)
        for place in held:
            leave(batch, left[place], version, watch.state, watch.why)
        left = [t for place, t in enumerate(left) if place not in held]
    return left


def ended_before(batch: Batch, people: Sequence[Traveller], version: Version) -> list[Traveller]:
    """Let those leave who come to a version whose goal or exit has happened already since they entered, or holds now:
    as if it had always been there. Returns the others. One statement for all facts, and those of the conditions."""
    found: dict[int, list[_Fact]] = defaultdict(list)
    if version.ended_by and people:
        with connection.cursor() as cursor:
            cursor.execute(SINCE, [[t.person_id for t in people], [t.since for t in people], sorted(version.ended_by)])
            for place, kind, data in cursor.fetchall():
                found[place - 1].append(_Fact(kind, json.loads(data)))
    staying = []
    for place, t in enumerate(people):
        end = ending(version, found[place]) if place in found else None
        if end is None:
            staying.append(t)
        else:
            leave(batch, t, version, *end)
    return sort_out(batch, staying, {version.id: version})


#: What happened with people since each of them entered, oldest first
SINCE = (
    "SELECT v.n, f.kind, f.data::text FROM unnest(%s::bigint[], %s::timestamptz[]) "
    "WITH ORDINALITY AS v(person_id, since, n) JOIN timeline_fact f ON f.person_id = v.person_id AND f.at > v.since "
    "WHERE f.kind = ANY(%s::text[]) ORDER BY v.n, f.at, f.id"
)


@dataclass(frozen=True, slots=True)
class _Fact:
    kind: str
    data: dict[str, Any]


def sweep() -> int:
    """Test everybody inside against goals and exits that time alone can make true ("has not opened in 30 days").
    Returns how many people left."""
    left = 0
    for journey in Journey.objects.filter(status=Status.LIVE):
        found = versions(journey.versions.values_list("pk", flat=True))
        timed = [v for v in found.values() if any(deciding.needs_recheck(w.when) for w in v.watch)]
        left += sum(_all_inside(version) for version in timed)
    return left


def clock_of(version_id: int) -> str:
    """What the clock is called that tells how far the segments kept for a version's goal and exits were followed."""
    return f"ends:{version_id}"


def look_over() -> int:
    """Test everybody inside a version once when segments that are kept for its goal and exits have been built: who
    turned meanwhile is told by no fact. Returns how many people left."""
    left = 0
    for followed in StartClock.objects.filter(rule__startswith=clock_of(0)[:-1], journey__status=Status.LIVE):
        version = versions([pk := int(followed.rule.rpartition(":")[2])]).get(pk)
        now = clock.now()
        if version is None or not _built_since(version, followed.done_to):
            continue
        mine = StartClock.objects.filter(pk=followed.pk, done_to=followed.done_to)
        if not mine.filter(Q(claimed_until=None) | Q(claimed_until__lt=now)).update(claimed_until=now + LEASE):
            continue
        left += _all_inside(version)
        mine.update(done_to=now, claimed_until=None)
    return left


def _built_since(version: Version, moment: datetime) -> bool:
    """Are all of its segments there, and was one of them built later than that?"""
    built = list(Segment.objects.filter(pk__in=version.watch_segments).values_list("built_at", "state"))
    ready = all(state == Segment.State.READY for _at, state in built)
    return ready and any(at is not None and at > moment for at, _state in built)


def _all_inside(version: Version) -> int:
    """Test everybody who is inside on a version, step by step in the order of the index. Returns how many left."""
    left = 0
    for step in version.nodes:
        after = 0
        rows = Passage.objects.filter(journey_id=version.journey_id, step=step, state__in=OPEN)
        while people := list(
            rows.filter(person_id__gt=after, version_id=version.id)
            .order_by("person_id").values_list("person_id", flat=True)[:CHUNK]
        ):  # fmt: skip
            after = people[-1]
            left += _swept(people, version)
    return left


def _swept(people: Sequence[int], version: Version) -> int:
    with in_lane(*set(people)):
        batch = Batch(clock.now())
        inside = [t for t in load.of_people(list(set(people)), version.journey_id) if t.version_id == version.id]
        staying = sort_out(batch, inside, {version.id: version})
        batch.flush()
    return len(inside) - len(staying)
