"""Goals and exits that time alone makes true end the way at the second at which they come true."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headwater.audience.engine import building
from headwater.audience.loops import retest_once
from headwater.audience.models import Segment
from headwater.audience.registry import users_of_segments
from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry, moving
from headwater.journeys.engine import leaving
from headwater.journeys.models import Journey, Passage, StepCount
from headwater.people import actions as people
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, record

from .conftest import Make, chain

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
QUIET = {"kind": "condition", "when": {"not": {"event": "page.viewed", "within": "2d"}}}
WAIT = ("w", "wait", {"for": {"amount": 30, "unit": "days"}})


def drain() -> None:
    while dispatch.run_once("audience") + retest_once() + dispatch.run_once("journeys"):
        pass


def start(live: Make, **more: Any) -> tuple[Journey, int, int]:
    """A journey with two people in it, both of whom looked at a page as they came in."""
    with clock.freeze(AT):
        journey = live(chain(WAIT, **more))
        one, two = (people.create_contact(actor="user:1", email=f"p{n}@x.example").pk for n in (1, 2))
        for pk in (one, two):
            record(pk, Custom("page.viewed", {"path": "/"}))
        building.run_all()
        drain()
        actions.enter(journey.pk, [Entry(one, "k"), Entry(two, "k")], actor="system")
    return journey, one, two


@pytest.mark.parametrize(
    ("part", "state", "why"), [("exits", "exited", "exit:condition"), ("goal", "finished", "goal")]
)
def test_the_way_ends_at_the_second(live: Make, part: str, state: str, why: str) -> None:
    _journey, one, two = start(live, **{part: [QUIET] if part == "exits" else QUIET})
    with clock.freeze(AT + timedelta(days=1)):
        record(two, Custom("page.viewed", {"path": "/"}))
        drain()
    with clock.freeze(AT + timedelta(days=2) - timedelta(seconds=1)):
        drain()
        assert set(Passage.objects.values_list("state", flat=True)) == {"waiting"}
    with clock.freeze(AT + timedelta(days=2, seconds=1)):
        drain()
    left = Passage.objects.get(person_id=one)
    assert (left.state, left.outcome, left.ended_at) == (state, why, AT + timedelta(days=2, seconds=1))
    assert Passage.objects.get(person_id=two).state == "waiting"
    with clock.freeze(AT + timedelta(days=3, seconds=1)):
        drain()
    assert Passage.objects.get(person_id=two).ended_at == AT + timedelta(days=3, seconds=1)


def test_the_condition_keeps_one_segment_that_says_who_uses_it(live: Make) -> None:
    journey, _one, _two = start(live, exits=[QUIET])
    again = live(chain(WAIT, exits=[QUIET]), name="Again")
    kept = Segment.objects.get(key__startswith="ends-")
    assert kept.name.startswith("Ends journeys: ")
    found = users_of_segments["journeys"]
    assert {use.name for use in found([(kept.pk, kept.key)])[kept.pk]} == {"Test", "Again"}
    assert {journey.pk, again.pk} == set(Journey.objects.values_list("pk", flat=True))


def test_what_only_facts_can_change_keeps_none_nor_does_what_happened_on_the_way(live: Make) -> None:
    own = {"not": {"event": "page.viewed", "since": "entry"}}
    for when in ({"tag": "stop"}, {"all": [own, QUIET["when"]]}):
        live(chain(WAIT, exits=[{"kind": "condition", "when": when}]))
    assert Segment.objects.filter(key__startswith="ends-").count() == 0


def test_without_the_segment_the_sweep_finds_them(live: Make) -> None:
    """A version published by an earlier release has none."""
    start(live, exits=[QUIET])
    Segment.objects.filter(key__startswith="ends-").delete()
    with clock.freeze(AT + timedelta(days=2, minutes=1)):
        assert leaving.sweep() == 2


def test_who_moves_to_a_version_that_ends_her_way_leaves_as_she_comes(live: Make) -> None:
    """A goal or an exit that is published counts as if it had been there when each of them entered."""
    journey, one, two = start(live)
    with clock.freeze(AT + timedelta(hours=1)):
        record(two, Custom("order.placed", {}))
        drain()
    with clock.freeze(AT + timedelta(days=5)):
        three = people.create_contact(actor="user:1", email="p3@x.example").pk
        actions.enter(journey.pk, [Entry(three, "k")], actor="system")
        record(three, Custom("page.viewed", {"path": "/"}))
        drain()
        goal = {"kind": "event", "event": "order.placed"}
        actions.update_journey(journey.pk, graph=chain(WAIT, goal=goal, exits=[QUIET]), actor="user:1")
        version = actions.publish(journey.pk, actor="user:1", people="move")
    with clock.freeze(AT + timedelta(days=5, seconds=2)):
        assert moving.run_once() == 3
    ended = AT + timedelta(days=5, seconds=2)
    rows = Passage.objects.order_by("person_id").values_list("person_id", "outcome", "ended_at", "version_id")
    assert list(rows) == [
        (one, "exit:condition", ended, version.pk), (two, "goal", ended, version.pk), (three, "", None, version.pk),
    ]  # fmt: skip
    counts: Counter[str] = Counter()
    for row in StepCount.objects.filter(version_id=version.pk):
        counts[row.what] += row.n
    assert counts == {"entered": 3, "left": 2, "goal:goal": 1}


def test_who_turns_while_the_segment_is_built_leaves_when_it_is_there(live: Make) -> None:
    journey, one, two = start(live)
    with clock.freeze(AT + timedelta(days=1)):
        record(two, Custom("page.viewed", {"path": "/"}))
        drain()
        actions.update_journey(journey.pk, graph=chain(WAIT, exits=[QUIET]), actor="user:1")
        actions.publish(journey.pk, actor="user:1", people="move")
        assert moving.run_once() == 2
        assert leaving.look_over() == 0
    with clock.freeze(AT + timedelta(days=2, seconds=5)):  # the segment was long in coming
        drain()
        assert leaving.look_over() == 0
        building.run_all()
        drain()
        assert set(Passage.objects.values_list("state", flat=True)) == {"waiting"}
        assert leaving.look_over() == 1
        assert leaving.look_over() == 0
    assert Passage.objects.get(state="exited").person_id == one


def test_people_move_in_batches_and_nobody_is_left_behind(live: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "CHUNK", 2)
    graph = chain(WAIT, reentry={"rule": "always"})
    with clock.freeze(AT):
        journey = live(graph)
        ids = [people.create_contact(actor="user:1", email=f"p{n}@x.example").pk for n in range(3)]
        entries = [Entry(pk, f"{n}") for pk in ids for n in range(3)]
        actions.enter(journey.pk, entries, actor="system")
        actions.update_journey(journey.pk, graph={**graph, "exits": [QUIET]}, actor="user:1")
        version = actions.publish(journey.pk, actor="user:1", people="move")
        moved = 0
        while n := moving.run_once():
            moved += n
    assert moved == 9
    assert set(Passage.objects.values_list("version_id", "outcome")) == {(version.pk, "exit:condition")}
