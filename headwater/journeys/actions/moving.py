"""Taking people who are inside to another version, by a stated mapping, some at a time and in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from headwater.core import clock
from headwater.timeline.actions import in_lane, pass_lanes

from ..engine import load
from ..engine.base import Traveller
from ..engine.batch import Batch
from ..engine.graph import Version, versions
from ..engine.leaving import ended_before, leave
from ..models import OPEN, JourneyVersion, Passage, VersionMove

#: People who move in one transaction
CHUNK = 2000
#: In a mapping: they leave the journey
LEAVE = "exit"
#: In a mapping: they finish on the version they entered
STAY = "finish"
#: In a mapping: whoever is in a step that it does not name
REST = "*"


def begin(version: JourneyVersion, mapping: Mapping[str, str], *, actor: str) -> VersionMove:
    """Have everybody who is inside move to a version: from a step to the one that the mapping names ("exit": out of the
    journey; "finish": nowhere), else to the step of the same id, unless the mapping says {"*": "finish"}. An unfinished
    move of the journey ends here."""
    now = clock.now()
    VersionMove.objects.filter(journey_id=version.journey_id, done_at=None).update(done_at=now)
    return VersionMove.objects.create(
        journey_id=version.journey_id, version=version, mapping=dict(mapping), actor=actor, begun_at=now
    )


def run_once() -> int:
    """Move some people. Returns how many; 0: nothing is to be moved."""
    move = VersionMove.objects.filter(done_at=None).order_by("pk").first()
    if move is None:
        return 0
    keys = _left(move)
    if not keys:
        # Who was entering an older version while this one was published is seen when that transaction is over.
        _reached.pop(move.pk, None)
        pass_lanes()
        keys = _left(move)
    if not keys:
        VersionMove.objects.filter(pk=move.pk, done_at=None).update(done_at=clock.now())
        return 0
    with in_lane(*{person for person, _id in keys}):
        if VersionMove.objects.filter(pk=move.pk, done_at=None).exists():
            _move(move, keys)
    return len(keys)


#: The step and the person up to which this process has moved people, by move: the index is read on from there, and
#: once more from its beginning at the end
_reached: dict[int, tuple[str, int]] = {}


def _left(move: VersionMove) -> list[tuple[int, int]]:
    """Passages that are still to be moved, (person_id, id)."""
    last, after = _reached.get(move.pk, ("", 0))
    for step in sorted(s for s in _moving(move) if s >= last):
        rows = Passage.objects.filter(journey_id=move.journey_id, state__in=OPEN, step=step)
        if step == last:
            rows = rows.filter(person_id__gt=after)
        # whoever is on a later version has been let in since, or was moved on
        found = rows.filter(version_id__lt=move.version_id).order_by("person_id").values_list("person_id", "id")[:CHUNK]
        if keys := list(found):
            _reached[move.pk] = (step, keys[-1][0])
            return keys
    return []


def _moving(move: VersionMove) -> set[str]:
    """The steps whose people move."""
    mapping: Mapping[str, str] = move.mapping
    named = {step for step, to in mapping.items() if step != REST and to != STAY}
    if mapping.get(REST) == STAY:
        return named
    return named | {step for step in move.version.graph.get("steps") or {} if mapping.get(step) != STAY}


def _move(move: VersionMove, keys: Sequence[tuple[int, int]]) -> None:
    people = [t for t in load.by_id(keys) if t.version_id < move.version_id]
    known = versions([move.version_id, *(t.version_id for t in people)])
    target = known[move.version_id]
    batch = Batch(clock.now())
    steps = _moving(move)
    moved: list[Traveller] = []
    for t in people:
        if t.step not in steps:
            continue
        step = move.mapping.get(t.step, t.step)
        if step == LEAVE:
            leave(batch, t, known[t.version_id], "exited", "moved")
        elif step in target.nodes:
            _place(batch, t, step, known[t.version_id], target)
            moved.append(t)
    # Their counts have gone over to the new version; and whose way it ends already leaves now, not when she wakes.
    for t in moved:
        t.version_id = target.id
    ended_before(batch, moved, target)
    batch.flush()
    _renumber(moved, target.id)


def _place(batch: Batch, t: Traveller, step: str, before: Version, target: Version) -> None:
    """Put her into a step of the other version. In the same step she goes on waiting as she did; in another one, or
    where its kind changed, she arrives now."""
    batch.counts[before.id, t.step, "left"] += 1
    batch.counts[target.id, step, "entered"] += 1
    node = before.nodes.get(t.step)
    same = step == t.step and node is not None and node.kind is target.nodes[step].kind
    if not same:
        batch.stepped([t], "moved", f"v{target.number}")
        t.step, t.moved_at, t.tries = step, batch.now, 0
        t.state, t.until, t.due_at = ("active" if t.state != "held" else "held"), None, batch.now
        if t.state == "held":
            t.due_at = None
    batch.touch(t)


def _renumber(people: Sequence[Traveller], version_id: int) -> None:
    if not people:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE journeys_passage p SET version_id = %s::bigint "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS v(person_id, id) "
            "WHERE p.person_id = v.person_id AND p.id = v.id",
            [version_id, [t.person_id for t in people], [t.id for t in people]],
        )


def check_mapping(mapping: Mapping[str, Any], graph: Mapping[str, Any]) -> list[str]:
    """The steps that a mapping leads to and that are not there."""
    steps = graph.get("steps") or {}
    wrong = {str(to) for step, to in mapping.items() if step != REST and to not in (LEAVE, STAY) and to not in steps}
    return sorted(wrong | ({mapping[REST]} - {STAY} if REST in mapping else set()))
