"""Leaving in the middle: a goal that is reached, an exit rule, a user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from headwater.core import clock
from headwater.timeline.actions import in_lane
from headwater.timeline.queries import Unheard, unheard

from ..models import OPEN, Journey, Passage, Status
from ..rules import matching
from . import deciding, load
from .base import Context, Traveller
from .batch import Batch
from .graph import Version, versions

#: How many people the sweep tests in one transaction
CHUNK = 2000


def leave(batch: Batch, t: Traveller, version: Version, state: str, why: str) -> None:
    """She leaves in the middle of a step. Into the caller's batch."""
    batch.stepped(t, "goal" if why == "goal" else "exit", why)
    batch.counts[t.version_id, t.step, "left"] += 1
    batch.ended(t, version, state, why)


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


def sweep() -> int:
    """Test everybody inside against goals and exits that time alone can make true ("has not opened in 30 days").
    Returns how many people left."""
    left = 0
    for journey in Journey.objects.filter(status=Status.LIVE):
        found = versions(journey.versions.values_list("pk", flat=True))
        timed = [pk for pk, v in found.items() if any(deciding.needs_recheck(w.when) for w in v.watch)]
        after = 0
        while timed:
            rows = Passage.objects.filter(
                journey_id=journey.pk, version_id__in=timed, state__in=OPEN, person_id__gt=after
            )
            people = list(rows.order_by("person_id").values_list("person_id", flat=True)[:CHUNK])
            if not people:
                break
            after = people[-1]
            left += _swept(people, journey.pk, found)
    return left


def _swept(people: Sequence[int], journey_id: int, known: Mapping[int, Version]) -> int:
    with in_lane(*set(people)):
        batch = Batch(clock.now())
        inside = [t for t in load.of_people(list(set(people)), journey_id) if t.version_id in known]
        staying = sort_out(batch, inside, known)
        batch.flush()
    return len(inside) - len(staying)
