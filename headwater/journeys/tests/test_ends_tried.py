"""A test with a person shows where the goal or an exit would end her way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.models import Journey
from headwater.journeys.queries import trying
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.timeline.actions import Custom, record

from .conftest import chain

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
QUIET = {"kind": "condition", "when": {"not": {"event": "page.viewed", "within": "2d"}}}
VIP = {"kind": "tag", "tag": "vip"}
ORDER = {"kind": "event", "event": "order.placed"}
WEEK, DAY = {"amount": 7, "unit": "days"}, {"amount": 1, "unit": "days"}


def draft(*steps: tuple[str, str, dict[str, Any]], **more: Any) -> Journey:
    return actions.create_journey(name="X", graph=chain(*steps, **more), actor="user:1")


def person(n: int = 1, **fields: Any) -> int:
    return people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com", **fields).pk


def way(journey: Journey, one: int, **arms: str) -> list[tuple[str, timedelta, str, str]]:
    with clock.freeze(AT):
        found = trying.dry_run(journey, one, choices=trying.Choices(arms=arms))
    return [
        (s.step, (s.until or AT) - AT, s.ends["why"] if s.ends else "", s.ends["words"] if s.ends else "")
        for s in found
    ]


def test_an_exit_that_holds_as_she_comes_ends_the_way_at_once() -> None:
    with clock.freeze(AT - timedelta(days=9)):
        one = person()
    journey = draft(("w", "wait", {"for": WEEK}), exits=[QUIET])
    ((step, after, why, words),) = way(journey, one)
    assert (step, after, why) == ("w", timedelta(0), "exit:condition")
    assert words.startswith("not: ")


def test_time_alone_ends_the_way_in_the_middle_of_a_wait_at_the_second() -> None:
    with clock.freeze(AT - timedelta(hours=5)):
        one = person()
        record(one, Custom("page.viewed", {"path": "/"}))
    journey = draft(("t", "add_tag", {"tag": "x"}), ("w", "wait", {"for": WEEK}), ("z", "exit", {}), exits=[QUIET])
    ended = timedelta(days=2) - timedelta(hours=5)
    assert [line[:3] for line in way(journey, one)] == [("t", timedelta(0), ""), ("w", ended, "exit:condition")]
    with clock.freeze(AT - timedelta(hours=5)):
        two = person(2)
    own = {"all": [QUIET["when"], {"not": {"event": "page.viewed", "since": "entry"}}, {"not": {"tag": "never"}}]}
    with clock.freeze(AT - timedelta(hours=1)):
        record(two, Custom("page.viewed", {"path": "/"}))
    journey = draft(("w", "wait", {"for": WEEK}), exits=[{"kind": "condition", "when": own}])
    ((_step, after, why, _words),) = way(journey, two)
    assert why == "exit:condition"
    assert timedelta(0) <= after - (timedelta(days=2) - timedelta(hours=1)) <= timedelta(minutes=1)


def test_what_a_step_does_may_be_the_goal() -> None:
    one = person()
    steps = (("a", "wait", {"for": DAY}), ("t", "add_tag", {"tag": "vip"}), ("n", "add_note", {"text": "never"}))
    journey = draft(*steps, goal=VIP)
    assert way(journey, one) == [("a", DAY_LONG, "", ""), ("t", DAY_LONG, "goal", "Tag: vip")]
    assert Contact.objects.get(pk=one).tags == []
    first = draft(("t", "add_tag", {"tag": "vip"}), ("n", "add_note", {"text": "never"}), exits=[VIP])
    assert way(first, one) == [("t", timedelta(0), "exit:tag.added", "Tag: vip")]
    condition = draft(*steps[1:], goal={"kind": "condition", "when": {"tag": "vip"}})
    assert [line[:3] for line in way(condition, one)] == [("t", timedelta(0), "goal")]


DAY_LONG = timedelta(days=1)


def test_an_end_may_be_chosen_where_she_waits() -> None:
    one = person()
    steps = (("t", "add_tag", {"tag": "x"}), ("w", "wait", {"for": WEEK}), ("z", "exit", {}))
    journey = draft(*steps, goal=ORDER, exits=[VIP])
    hour = timedelta(hours=1)
    assert [line[:3] for line in way(journey, one)] == [
        ("t", timedelta(0), ""), ("w", timedelta(days=7), ""), ("z", timedelta(days=7), ""),
    ]  # fmt: skip
    assert way(journey, one, w="!goal")[-1] == ("w", hour, "goal", "Order placed")
    assert way(journey, one, w="!exit.0")[-1] == ("w", hour, "exit:tag.added", "Tag: vip")
    assert len(way(journey, one, w="!exit.7")) == 3
    assert len(way(journey, one, t="!goal")) == 3
    with clock.freeze(AT):
        tag, wait, _end = trying.dry_run(journey, one)
    assert (tag.ends_may, wait.ends_may) == (
        [],
        [
            {"id": "!goal", "state": "finished", "label": "Order placed"},
            {"id": "!exit.0", "state": "exited", "label": "Tag: vip"},
        ],
    )


def test_page_and_api_tell_the_end(call: Any) -> None:
    one = person()
    journey = draft(("w", "wait", {"for": WEEK}), ("z", "exit", {}), goal=ORDER, exits=[VIP])
    status, said = call("POST", f"/journeys/{journey.pk}/test", {"person_id": one, "arms": {"w": "!goal"}})
    assert (status, [(s["step"], s["ends"], s["chosen"]) for s in said]) == (
        200,
        [("w", {"state": "finished", "why": "goal", "label": "Reached the goal", "words": "Order placed"}, True)],
    )
    page = call.client.post(f"/journeys/{journey.pk}/test/", {"person": str(one), "arm.w": "!exit.0"}).content.decode()
    assert "Leaves the journey here" in page
    assert "The end of the way" not in page
    assert '<option value="!exit.0" selected>Exit: Tag: vip</option>' in page
