"""Branches and texts ask for the very event that let somebody in, or that she waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry
from headwater.journeys.engine import due
from headwater.journeys.engine.checking import problems
from headwater.journeys.models import Passage
from headwater.journeys.queries import trying
from headwater.journeys.queries.words import condition
from headwater.people import actions as people
from headwater.teamwork.models import Task
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, record

from .conftest import Make, chain

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ENTRY = {"kind": "event", "event": "survey.answered", "where": []}
HIGH = {"prop": "score", "op": "gte", "value": 9}


def asked(since: str, *where: dict[str, Any], event: str = "survey.answered", **more: Any) -> dict[str, Any]:
    return {"event": event, "since": since, "where": list(where), **more}


def branching(when: dict[str, Any], *before: tuple[str, str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Steps, then a branch whose one arm ends as "yes" and whose other as "no"."""
    ask = ("ask", "branch", {"arms": [{"id": "yes", "label": "Yes", "when": when}]})
    graph = chain(*before, ask, entry=[ENTRY], reentry={"rule": "always"}, **more)
    graph["steps"]["ask"] = {"kind": "branch", "settings": ask[2], "arms": {"yes": "yes", "else": "no"}}
    for name in ("yes", "no"):
        graph["steps"][name] = {"kind": "exit", "settings": {"reason": name}, "arms": {}}
    return graph


def waiting(until: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    return ("w", "wait_until", {"name": "Answer", "until": until, "timeout": {"amount": 9, "unit": "days"}})


def person(n: int = 1) -> int:
    return people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com").pk


def drain() -> None:
    while dispatch.run_once("journeys") or due.run_once():
        pass


def test_the_branch_asks_for_the_answer_that_let_her_in_not_for_a_later_one(live: Make) -> None:
    with clock.freeze(AT):
        live(branching(asked("cause", HIGH), ("p", "wait", {"for": {"amount": 1, "unit": "hours"}})))
        one, two = person(1), person(2)
        record(one, Custom("survey.answered", {"score": 9}))
        record(two, Custom("survey.answered", {"score": 3}))
        drain()
    with clock.freeze(AT + timedelta(minutes=5)):
        record(one, Custom("survey.answered", {"score": 2}))
        record(two, Custom("survey.answered", {"score": 10}))
        drain()
    with clock.freeze(AT + timedelta(hours=2)):
        drain()
    found = Passage.objects.order_by("person_id", "since").values_list("person_id", "outcome")
    assert list(found) == [(one, "yes"), (one, "no"), (two, "no"), (two, "yes")]


def test_who_was_let_in_otherwise_has_no_such_event(live: Make) -> None:
    journey = live(branching(asked("cause")))
    one, two = person(1), person(2)
    actions.enter_by_hand(journey.pk, [one], actor="user:1")
    actions.enter(journey.pk, [Entry(two, "k", {"kind": "order.placed", "data": {"score": 9}})], actor="system")
    assert set(Passage.objects.values_list("outcome", flat=True)) == {"no"}


def test_the_branch_asks_for_what_ended_the_wait(live: Make) -> None:
    until = {"any": [asked("arrival", event="survey.answered"), asked("arrival", event="order.placed")]}
    with clock.freeze(AT):
        graph = branching(asked("waited", HIGH), waiting(until))
        graph["steps"]["w"] = {"kind": "wait_until", "settings": waiting(until)[2],
                               "arms": {"yes": "ask", "timeout": "ask"}}  # fmt: skip
        journey = live(graph)
        ids = [person(n) for n in range(4)]
        actions.enter_by_hand(journey.pk, ids, actor="user:1")
    with clock.freeze(AT + timedelta(days=1)):
        for pk, kind, score in zip(
            ids, ("survey.answered", "survey.answered", "order.placed"), (9, 8, 9), strict=False
        ):
            record(pk, Custom(kind, {"score": score}))
        drain()
    with clock.freeze(AT + timedelta(days=10)):
        drain()
    found = dict(Passage.objects.filter(entry_key__startswith="manual").values_list("person_id", "outcome"))
    assert [found[pk] for pk in ids] == ["yes", "no", "no", "no"]


def test_texts_name_both(live: Make) -> None:
    until = asked("arrival", event="order.placed")
    title = "{{ event.score }} then {{ event.waited.total | default('nothing') }}"
    steps = (waiting(until), ("task", "create_task", {"title": title, "kind": "call"}))
    graph = chain(*steps, entry=[ENTRY])
    graph["steps"]["w"] = {"kind": "wait_until", "settings": steps[0][2], "arms": {"yes": "task", "timeout": "task"}}
    with clock.freeze(AT):
        live(graph)
        one, two = person(1), person(2)
        for pk, score in ((one, 7), (two, 8)):
            record(pk, Custom("survey.answered", {"score": score}))
        drain()
    with clock.freeze(AT + timedelta(days=1)):
        record(one, Custom("order.placed", {"total": 120}))
        drain()
    with clock.freeze(AT + timedelta(days=10)):
        drain()
    assert list(Task.objects.order_by("contact_id").values_list("title", flat=True)) == ["7 then 120", "8 then nothing"]


def test_a_test_with_a_person_takes_the_properties_given() -> None:
    journey = actions.create_journey(name="X", graph=branching(asked("cause", HIGH)), actor="user:1")
    one = person()
    ends = {
        score: trying.dry_run(journey, one, event={"score": score})[-1].step
        for score in (8, 9)
    }  # fmt: skip
    assert ends == {8: "no", 9: "yes"}


def test_events_on_the_way_are_counted_and_have_windows(live: Make) -> None:
    """ "At least 3 times since she came in, within a day" counts; it is not true after the first."""
    when = asked("entry", event="page.viewed", count={"op": "gte", "value": 3}, within="1d")
    when.pop("where")
    with clock.freeze(AT):
        journey = live(branching(when, ("p", "wait", {"for": {"amount": 2, "unit": "days"}})))
        ids = [person(n) for n in range(3)]
        actions.enter_by_hand(journey.pk, ids, actor="user:1")
    for pk, hours in ((ids[0], (30, 40, 47)), (ids[1], (40, 47)), (ids[2], (1, 40, 47))):
        for h in hours:
            with clock.freeze(AT + timedelta(hours=h)):
                record(pk, Custom("page.viewed", {"path": "/"}))
    with clock.freeze(AT + timedelta(days=2)):
        drain()
    assert dict(Passage.objects.values_list("person_id", "outcome")) == {ids[0]: "yes", ids[1]: "no", ids[2]: "no"}


@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [("not_in", ["/a", "/b"], True), ("empty", None, False), ("not_empty", None, True), ("not_contains", "ric", False),
     ("starts_with", ["/x", "/pri"], True), ("not_starts_with", "/pri", False), ("ends_with", ["ing"], True)],
)  # fmt: skip
def test_properties_are_compared_as_segments_compare_them(live: Make, op: str, value: Any, holds: bool) -> None:
    when = asked("cause", {"prop": "page.path", "op": op, "value": value}, event="page.viewed")
    journey = live(branching(when))
    why = {"kind": "page.viewed", "data": {"page": {"path": "/pricing"}}}
    actions.enter(journey.pk, [Entry(person(), "k", why)], actor="system")
    assert Passage.objects.get().outcome == ("yes" if holds else "no")


def test_the_one_event_is_neither_counted_nor_has_it_a_window() -> None:
    for more in ({"count": {"op": "gte", "value": 2}}, {"within": "7d"}):
        (found,) = problems(branching(asked("cause", **more)))
        assert str(found.message) == "This is one event: it is neither counted nor has it a window."
    (found,) = problems(branching(asked("entry", count={"op": "about"})))
    assert str(found.message) == "Say how often, and within which time."


def test_conditions_are_told_in_words() -> None:
    assert condition(asked("cause", HIGH)) == "Survey answered: 9 (what let her in)"
    assert condition(asked("waited")) == "Survey answered (what she waited for)"
    counted = asked("entry", event="page.viewed", count={"op": "gte", "value": 3}, within="7d")
    assert condition(counted) == "Page viewed, ≥ 3 ×, within 7d (since entry)"
