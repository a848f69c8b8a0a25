"""Versions: what becomes of the people inside, what changed, and the way back."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from headwater.core import clock
from headwater.core.lanes import lane_key
from headwater.core.setup import after_migrate
from headwater.journeys import actions
from headwater.journeys.actions import Entry, moving
from headwater.journeys.engine import due
from headwater.journeys.models import Due, Journey, Passage, PassageLog, StepCount, VersionMove
from headwater.journeys.queries import inside
from headwater.journeys.queries.versions import compare, plan
from headwater.journeys.rules.duration import RuleError
from headwater.people import actions as people

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
OLD = chain(("a", "wait", {"for": minutes(5)}), ("b", "exit", {"reason": "old"}))
SAME = chain(("a", "wait", {"for": minutes(50)}), ("b", "exit", {"reason": "new"}))
OTHER = chain(("x", "wait", {"for": minutes(1)}), ("b", "exit", {"reason": "new"}))


def enter(journey: Journey, *ids: int) -> None:
    actions.enter(journey.pk, [Entry(p, "k") for p in ids], actor="system")


def move_all() -> int:
    return sum(iter(moving.run_once, 0))


def wake(after: int) -> None:
    with clock.freeze(AT + timedelta(minutes=after)):
        while due.run_once():
            pass


def test_a_removed_step_that_holds_people_asks_what_becomes_of_them(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(OLD)
        enter(journey, 1, 2)
        actions.update_journey(journey.pk, graph=OTHER, actor="user:1")
        with pytest.raises(actions.Undecided) as undecided:
            actions.publish(journey.pk, actor="user:1")
        assert undecided.value.steps == [("a", "Wait 5 minutes", 2)]
        with pytest.raises(actions.Undecided):
            actions.publish(journey.pk, actor="user:1", people="move")
        assert Journey.objects.get().version.number == 1
        assert actions.publish(journey.pk, actor="user:1", people="finish").number == 2
        enter(journey, 3)
    wake(10)
    assert dict(Passage.objects.values_list("person_id", "outcome")) == {1: "old", 2: "old", 3: "new"}


def test_people_move_by_a_stated_mapping(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(OLD)
        enter(journey, 1, 2)
        before = journey.version_id
        actions.update_journey(journey.pk, graph=OTHER, actor="user:1")
        version = actions.publish(journey.pk, actor="user:1", people="move", mapping={"a": "x"})
        assert move_all() == 2
        assert VersionMove.objects.filter(done_at=None).count() == 0
        assert due.run_once() == 2
    assert set(Passage.objects.values_list("version_id", "step", "state", "until")) == {
        (version.pk, "x", "waiting", AT + timedelta(minutes=1))
    }
    assert list(PassageLog.objects.filter(person_id=1).values_list("step", "outcome", "reason")) == [
        ("a", "moved", "v2")
    ]
    counts = {(r.version_id, r.step, r.what): r.n for r in StepCount.objects.filter(what__in=["entered", "left"])}
    assert sum(n for (v, s, w), n in counts.items() if (v, s, w) == (before, "a", "left")) == 2
    assert sum(n for (v, s, w), n in counts.items() if (v, s, w) == (version.pk, "x", "entered")) == 2
    wake(2)
    assert set(Passage.objects.values_list("outcome", flat=True)) == {"new"}


def test_in_the_same_step_she_goes_on_waiting_as_she_did(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(OLD)
        enter(journey, 1)
        actions.update_journey(journey.pk, graph=SAME, actor="user:1")
        actions.publish(journey.pk, actor="user:1", people="move")
        assert move_all() == 1
        assert move_all() == 0
    assert Passage.objects.get().until == AT + timedelta(minutes=5)
    wake(5)
    assert (Passage.objects.get().outcome, PassageLog.objects.count()) == ("new", 2)


def test_people_may_be_sent_out(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(OLD)
        enter(journey, 1)
        actions.update_journey(journey.pk, graph=OTHER, actor="user:1")
        actions.publish(journey.pk, actor="user:1", people="move", mapping={"a": "exit"})
        move_all()
    assert (Passage.objects.get().state, Passage.objects.get().outcome, Due.objects.count()) == ("exited", "moved", 0)


def test_the_log_of_who_was_moved_calls_each_step_as_it_was_then(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(OLD)
        enter(journey, 1)
        actions.update_journey(journey.pk, graph=OTHER, actor="user:1")
        actions.publish(journey.pk, actor="user:1", people="move", mapping={"a": "x"})
        assert move_all() == 1
        due.run_once()
        actions.update_journey(journey.pk, graph=SAME, actor="user:1")
        actions.publish(journey.pk, actor="user:1", people="move", mapping={"x": "a"})
        assert move_all() == 1
        due.run_once()
    passage = Passage.objects.get()
    story = inside.story(1, passage.id)
    assert [(s.label, s.title, s.outcome) for s in story.stops] == [
        ("Wait", "Wait 5 minutes", "moved to v2"),
        ("Wait", "Wait 1 minute", "moved to v3"),
    ]
    assert (story.version.number, story.here) == (3, "Wait 50 minutes")


@pytest.mark.django_db(transaction=True)
def test_who_enters_while_a_version_is_published_moves_too(live: Make) -> None:
    """The transaction that lets her in has read the old version, and commits when the move has looked for people."""
    after_migrate()
    journey = live(OLD)
    inside, published = threading.Event(), threading.Event()
    made = {lane_key(p): p for p in (people.create_contact(actor="user:1", first_name=f"P{n}").pk for n in range(4))}
    ids = sorted(made.values())[:2]  # of different lanes

    def slow() -> None:
        try:
            with transaction.atomic():
                actions.enter(journey.pk, [Entry(ids[0], "k")], actor="system")
                inside.set()
                published.wait(10)
                time.sleep(0.3)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert inside.wait(10)
    actions.enter(journey.pk, [Entry(ids[1], "k")], actor="system")
    actions.update_journey(journey.pk, graph=OTHER, actor="user:1")
    version = actions.publish(journey.pk, actor="user:1", people="move", mapping={"a": "x"})
    published.set()
    move_all()
    thread.join()
    assert VersionMove.objects.filter(done_at=None).count() == 0
    assert list(Passage.objects.values_list("version_id", "step")) == [(version.pk, "x")] * 2


def test_whoever_was_decided_about_is_not_asked_for_again(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(OLD)
        enter(journey, 1)
        actions.update_journey(journey.pk, graph=OTHER, actor="user:1")
        actions.publish(journey.pk, actor="user:1", people="finish")
        third = chain(("x", "wait", {"for": minutes(2)}), ("b", "exit", {}))
        actions.update_journey(journey.pk, graph=third, actor="user:1")
        assert actions.publish(journey.pk, actor="user:1").number == 3


def test_a_mapping_to_nowhere_is_refused(live: Make) -> None:
    journey = live(OLD)
    with pytest.raises(RuleError) as error:
        actions.publish(journey.pk, actor="user:1", people="move", mapping={"a": "nowhere"})
    assert error.value.where == "mapping"


def test_the_way_back_is_a_new_version(live: Make) -> None:
    journey = live(OLD)
    actions.update_journey(journey.pk, graph=SAME, actor="user:1")
    actions.publish(journey.pk, actor="user:1")
    assert actions.roll_back(journey.pk, 1, actor="user:1").number == 3
    journey.refresh_from_db()
    assert (journey.draft, journey.version.graph) == (OLD, OLD)


def test_what_changed_is_said_in_words() -> None:
    before = chain(
        ("a", "wait", {"for": minutes(5)}), ("b", "add_tag", {"tag": "x"}), ("c", "exit", {}),
        entry=[{"kind": "tag", "tag": "vip"}],
    )  # fmt: skip
    after = chain(
        ("a", "wait", {"for": minutes(9), "days": ["mon"]}), ("d", "set_stage", {"stage": "mql"}), ("c", "exit", {}),
        entry=[{"kind": "stage", "stage": "mql"}], goal={"kind": "tag", "tag": "won"},
        reentry={"rule": "always", "after": {"amount": 1, "unit": "days"}},
    )  # fmt: skip
    assert [(c.what, c.place, c.words) for c in compare(before, after)] == [
        ("added", "d", "Added: Stage: Marketing qualified"),
        ("removed", "b", "Removed: Tag x"),
        ("changed", "a", "Wait for: 5 minutes → 9 minutes"),
        ("changed", "a", "Then only on: – → Mon"),
        ("changed", "a", "Then: leads to Stage: Marketing qualified instead of Tag x"),
        ("added", "entry", "Entry added: Stage: Marketing qualified"),
        ("removed", "entry", "Entry removed: Tag: vip"),
        ("changed", "goal", "Goal: Tag: won"),
        ("changed", "reentry", "People may come again: at any time, not before 1 day"),
    ]
    assert compare(after, after) == []


def test_versions_over_the_api(call: Any) -> None:
    made = call("POST", "/journeys", {"name": "X", "graph": OLD})[1]
    path = f"/journeys/{made['id']}"
    assert call("POST", f"{path}/publish", {})[1]["version"] == 1
    pk = people.create_contact(actor="user:1", first_name="Ada", email="a@example.com").pk
    call("POST", f"{path}/enter", {"person_ids": [pk]})
    call("PUT", f"{path}/draft", {"graph": OTHER})
    status, answer = call("POST", f"{path}/publish")
    assert (status, answer["error"], answer["steps"]) == (
        409, "people", [{"step": "a", "title": "Wait 5 minutes", "people": 1}],
    )  # fmt: skip
    assert answer["choices"] == ["finish", "move"]
    assert call("POST", f"{path}/publish", {"people": "move", "mapping": {"a": "x"}})[1]["version"] == 2
    listed = call("GET", f"{path}/versions")[1]
    assert [(v["number"], v["people"], v["current"], v["by"]["name"]) for v in listed] == [
        (2, 0, True, "Maria"), (1, 1, False, "Maria"),
    ]  # fmt: skip
    assert call("GET", f"{path}/versions/1")[1] == OLD
    assert call("GET", f"{path}/versions/7")[0] == 404
    assert [c["what"] for c in call("GET", f"{path}/compare?before=1&after=2")[1]] == [
        "added", "removed", "changed", "changed",
    ]  # fmt: skip
    assert call("POST", f"{path}/rollback", {"version": 1, "people": "finish"})[1]["version"] == 3
    assert call("POST", f"{path}/rollback", {"version": 9})[0] == 404


def test_what_becomes_of_people_is_said_step_by_step(live: Make) -> None:
    before = chain(*((key, "wait", {"for": minutes(5)}) for key in "abcd"), ("end", "exit", {}))
    after = chain(("b", "wait", {"for": minutes(50)}), ("d", "wait", {"for": minutes(5)}), ("end", "exit", {}))
    with clock.freeze(AT):
        journey = live(before)
        enter(journey, 1, 2, 3, 4)
        for person, step in ((2, "b"), (3, "c"), (4, "d")):
            Passage.objects.filter(person_id=person).update(step=step)
        actions.update_journey(journey.pk, graph=after, actor="user:1")
        journey.refresh_from_db()
        said = plan(journey, journey.draft)
        assert [(s["step"], s["people"], s["change"]) for s in said["steps"]] == [
            ("a", 1, "removed"), ("b", 1, "changed"), ("c", 1, "removed"), ("d", 1, "same"),
        ]  # fmt: skip
        assert (said["people"], [t["step"] for t in said["targets"]]) == (4, ["b", "d", "end"])
        with pytest.raises(actions.Undecided):
            actions.publish(journey.pk, actor="user:1", people="move", mapping={"a": "b"})
        with pytest.raises(RuleError):
            actions.publish(journey.pk, actor="user:1", people="move", mapping={"*": "b"})
        mapping = {"a": "finish", "b": "b", "c": "exit", "*": "finish"}
        version = actions.publish(journey.pk, actor="user:1", people="move", mapping=mapping)
        assert move_all() == 2
    old = journey.version_id
    assert list(Passage.objects.order_by("person_id").values_list("person_id", "version_id", "step", "state")) == [
        (1, old, "a", "waiting"), (2, version.pk, "b", "waiting"), (3, old, "c", "exited"), (4, old, "d", "waiting"),
    ]  # fmt: skip


def test_the_plan_of_publishing_over_the_api(call: Any) -> None:
    made = call("POST", "/journeys", {"name": "X", "graph": OLD})[1]
    path = f"/journeys/{made['id']}"
    assert call("GET", f"{path}/plan")[1]["people"] == 0
    call("POST", f"{path}/publish", {})
    pk = people.create_contact(actor="user:1", first_name="Ada", email="a@example.com").pk
    call("POST", f"{path}/enter", {"person_ids": [pk]})
    call("PUT", f"{path}/draft", {"graph": OTHER})
    said = call("GET", f"{path}/plan")[1]
    assert said["steps"] == [{"step": "a", "title": "Wait 5 minutes", "people": 1, "change": "removed"}]
    assert [c["what"] for c in said["changes"]] == ["added", "removed", "changed", "changed"]
    assert call("GET", f"{path}/plan?version=1")[1]["changes"] == []
    assert call("GET", f"{path}/plan?version=7")[0] == 404
