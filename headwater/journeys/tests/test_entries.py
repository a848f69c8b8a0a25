"""Who comes in, and who leaves: facts of deals and scores, dates, schedules, conditions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from headwater.audience import actions as audience
from headwater.audience.engine import building
from headwater.audience.models import ScoreModel
from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.actions import Entry, starts
from headwater.journeys.engine import due, leaving
from headwater.journeys.engine.checking import problems
from headwater.journeys.models import Journey, Passage, PassageLog, StartClock
from headwater.journeys.queries.palette import palette
from headwater.journeys.queries.words import said
from headwater.journeys.rules import calendar
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.sales import actions as sales
from headwater.sales.models import PipelineStage
from headwater.timeline import dispatch
from headwater.timeline.actions import Custom, record

from .conftest import Make, chain, minutes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
WAIT = ("a", "wait", {"for": {"amount": 90, "unit": "days"}})


def person(n: int, **fields: Any) -> int:
    return people.create_contact(actor="user:1", first_name=f"P{n}", email=f"p{n}@example.com", **fields).pk


def build() -> None:
    """Let segments that were just made be built."""
    while building.run_once():
        pass


def inside(journey: Journey) -> list[int]:
    return list(Passage.objects.filter(journey_id=journey.pk).order_by("person_id").values_list("person_id", flat=True))


def test_deals_let_people_in_by_what_happened_and_what_they_are_worth(live: Make) -> None:
    sales.ensure_pipeline()
    stages = list(PipelineStage.objects.filter(kind="open").order_by("order"))
    moved = live(chain(WAIT, entry=[{"kind": "deal", "what": "moved", "stage": stages[1].pk}]))
    opened = live(chain(WAIT, entry=[{"kind": "deal", "what": "created", "least": 500}]), name="Opened")
    won = live(chain(WAIT, entry=[{"kind": "deal", "what": "won"}]), name="Won")
    lost = live(chain(WAIT, entry=[{"kind": "deal", "what": "lost"}]), name="Lost")
    one, two = person(1), person(2)
    first = sales.create_deal(actor="user:1", name="A", person_id=one, amount=Decimal("499.99"))
    second = sales.create_deal(actor="user:1", name="B", person_id=two, amount=Decimal("500.00"))
    sales.move_deal(first, stages[1].pk, version=None, actor="user:1")
    sales.move_deal(second, stages[2].pk, version=None, actor="user:1")
    sales.win_deal(first, actor="user:1")
    sales.lose_deal(second, "price", actor="user:1")
    while dispatch.run_once("journeys"):
        pass
    assert (inside(moved), inside(opened), inside(won), inside(lost)) == ([one], [two], [one], [two])


def test_a_score_that_reaches_some_points_lets_in_once_it_does(live: Make) -> None:
    journey = live(chain(WAIT, entry=[{"kind": "points", "points": 45}]))
    build()
    one, two = person(1), person(2)
    audience.add_points([audience.Points(one, 44, "x", "user:1"), audience.Points(two, 45, "x", "user:1")])
    for _ in range(3):
        dispatch.run_once("audience")
        dispatch.run_once("journeys")
    assert inside(journey) == [two]
    audience.add_points([audience.Points(one, 1, "x", "user:1")])
    for _ in range(3):
        dispatch.run_once("audience")
        dispatch.run_once("journeys")
    assert inside(journey) == [one, two]


def test_a_score_that_falls_below_some_points_lets_in_then(live: Make) -> None:
    journey = live(chain(WAIT, entry=[{"kind": "points", "points": 45, "direction": "down"}]))
    build()
    one, two = person(1), person(2)
    audience.add_points([audience.Points(one, 45, "x", "user:1"), audience.Points(two, 44, "x", "user:1")])
    hear()
    assert inside(journey) == []
    audience.add_points([audience.Points(one, -1, "x", "user:1"), audience.Points(two, -1, "x", "user:1")])
    hear()
    assert inside(journey) == [one]


def hear() -> None:
    for _ in range(3):
        dispatch.run_once("audience")
        dispatch.run_once("journeys")


def test_any_band_of_any_score_lets_in_from_below_or_above(live: Make) -> None:
    bands = [{"key": "no"}, {"key": "maybe", "name": "Maybe", "start": 10}, {"key": "yes", "start": 30}]
    audience.create_model(name="Fit", bands=bands, actor="user:1")
    rule = {"kind": "score", "model": "fit", "band": "maybe"}
    any_way, rises, falls = (live(chain(WAIT, entry=[{**rule, **way}]), name=f"J{n}")
                             for n, way in enumerate(({}, {"direction": "up"}, {"direction": "down"})))  # fmt: skip
    one, two = person(1), person(2)
    give = [audience.Points(one, 10, "x", "user:1", model="fit"), audience.Points(two, 30, "x", "user:1", model="fit")]
    audience.add_points([*give, audience.Points(two, 25, "x", "user:1")])
    hear()
    assert (inside(any_way), inside(rises), inside(falls)) == ([one], [one], [])
    audience.add_points([audience.Points(two, -1, "x", "user:1", model="fit")])
    hear()
    assert (inside(any_way), inside(rises), inside(falls)) == ([one, two], [one], [two])
    described = [f for r in palette()["rules"] if r["id"] == "score" for f in r["fields"] if f["name"] == "band"]
    assert [(f["shown"], [c["value"] for c in f["choices"]]) for f in described] == [
        ({"field": "model", "values": ["fit"]}, ["yes", "maybe", "no"]),
        ({"field": "model", "values": ["engagement", None]}, ["hot", "warm", "cold"]),
    ]
    assert [said({**rule, **way}) for way in ({}, {"direction": "up"}, {"direction": "down"})] == [
        "Fit turns Maybe", "Fit rises to Maybe", "Fit falls to Maybe",
    ]  # fmt: skip
    with pytest.raises(audience.InUse, match="J0, J1, J2"):
        audience.update_model(ScoreModel.objects.get(key="fit").pk, bands=[bands[0], bands[2]], actor="user:1")


def test_only_people_who_meet_the_condition_come_in(live: Make) -> None:
    graph = chain(WAIT, only={"field": "contact.country", "op": "eq", "value": "KR"})
    journey = live(graph)
    one, two = person(1, country="KR"), person(2, country="DE")
    assert list(actions.enter_by_hand(journey.pk, [one, two], actor="user:1")) == [one]
    graph["only"] = {"event": "x.y", "since": "entry"}
    assert [p.where for p in problems(graph)] == ["only"]


def test_birthdays_come_at_the_persons_own_nine_o_clock(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(chain(WAIT, entry=[{"kind": "date", "field": "contact.birthday", "yearly": True}]))
        tokyo = person(1, birthday="1990-11-05", time_zone="Asia/Tokyo")
        york = person(2, birthday="1985-11-05", time_zone="America/New_York")
        nowhere = person(3, birthday="1970-11-05")
        person(4, birthday="1970-11-06")
        person(5)
    seen = {}
    for at in ("2026-11-04T23:59", "2026-11-05T00:00", "2026-11-05T09:00", "2026-11-05T13:59", "2026-11-05T14:00"):
        with clock.freeze(datetime.fromisoformat(at).replace(tzinfo=UTC)):
            seen[at] = starts.run_once()
    assert list(seen.values()) == [0, 1, 1, 0, 1]
    assert inside(journey) == [tokyo, york, nowhere]
    passage = Passage.objects.get(person_id=york)
    assert passage.entry_key.endswith(":2026-11-05")
    assert passage.why["data"] == {"field": "contact.birthday", "day": "2026-11-05"}
    with clock.freeze(datetime(2027, 11, 5, 14, tzinfo=UTC)):
        for p in Passage.objects.all():
            actions.remove(journey.pk, [p.person_id], actor="user:1")
        assert starts.run_once() == 3


@pytest.mark.parametrize(
    ("rule", "day", "wanted"),
    [
        ({"days": 3, "side": "before"}, "2026-12-29", "2027-01-01"),
        ({"days": 3, "side": "after"}, "2026-12-29", "2026-12-26"),
        ({}, "2026-12-29", "2026-12-29"),
    ],
)
def test_days_before_and_after_a_date(rule: dict[str, Any], day: str, wanted: str) -> None:
    assert calendar.shifted(rule, date.fromisoformat(day)).isoformat() == wanted


def test_who_was_born_on_the_29th_of_february_has_a_birthday_each_year() -> None:
    assert calendar.anniversaries(date(2027, 2, 28)) == ["02-28", "02-29"]
    assert calendar.anniversaries(date(2028, 2, 28)) == ["02-28"]
    assert calendar.anniversaries(date(2028, 2, 29)) == ["02-29"]


def test_three_days_before_a_renewal_and_custom_dates(live: Make) -> None:
    renewal = {"kind": "date", "field": "contact.renewal_date", "days": 3, "at": "08:00"}
    custom = {"kind": "date", "field": "contact.custom.ends", "days": 1, "side": "after", "at": "08:00"}
    with clock.freeze(AT):
        journey = live(chain(WAIT, entry=[renewal, custom]))
        one = person(1, renewal_date="2026-11-06")
        two = person(2, custom={"ends": "2026-11-02"})
        person(3, renewal_date="2025-11-06", custom={"ends": "soon"})
    with clock.freeze(datetime(2026, 11, 3, 7, 59, tzinfo=UTC)):
        assert starts.run_once() == 0
    with clock.freeze(datetime(2026, 11, 3, 8, 0, tzinfo=UTC)):
        assert starts.run_once() == 2
        assert starts.run_once() == 0
    assert inside(journey) == [one, two]
    assert [said(rule) for rule in journey.draft["entry"]] == [
        "3 days before Renewal date", "1 days after ends",
    ]  # fmt: skip


def test_a_worker_that_was_away_catches_up_and_a_killed_one_repeats_nothing(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(chain(WAIT, entry=[{"kind": "date", "field": "contact.birthday", "yearly": True}]))
        one, _late = person(1, birthday="1990-11-04"), person(2, birthday="1990-11-03")
    before = StartClock.objects.get()
    with clock.freeze(datetime(2026, 11, 6, 12, tzinfo=UTC)):  # the 3rd at 09:00 is more than three days ago
        assert starts.run_once() == 1
        StartClock.objects.update(done_to=before.done_to)
        assert starts.run_once() == 0
    assert inside(journey) == [one]


def test_a_paused_journey_misses_its_moments(live: Make) -> None:
    with clock.freeze(AT):
        journey = live(chain(WAIT, entry=[{"kind": "date", "field": "contact.birthday", "yearly": True}]))
        person(1, birthday="1990-11-04")
        actions.pause(journey.pk, actor="user:1")
    with clock.freeze(datetime(2026, 11, 4, 10, tzinfo=UTC)):
        assert starts.run_once() == 0
        actions.resume(journey.pk, actor="user:1")
        assert starts.run_once() == 0


def schedule(**more: Any) -> dict[str, Any]:
    segment = audience.create_segment(
        name="Koreans", definition={"field": "contact.country", "op": "eq", "value": "KR"}, actor="user:1", key="kr"
    )
    build()
    return {"kind": "schedule", "segment": segment.pk, "from": "2026-11-03T09:00", **more}


@pytest.mark.parametrize(
    ("more", "days", "expected"),
    [
        ({}, 10, [3]),
        ({"every": "day", "until": "2026-11-05"}, 10, [3, 4, 5]),
        ({"every": "week", "weekdays": ["tue", "fri"]}, 10, [3, 6, 10]),
        ({"every": "month"}, 31, [3, 33]),
    ],
)
def test_a_schedule_says_its_days(more: dict[str, Any], days: int, expected: list[int]) -> None:
    rule = {"kind": "schedule", "from": "2026-11-03T09:00", **more}
    first = date(2026, 11, 1)
    assert [n + 1 for n in range(days + 2) if calendar.falls(rule, first + timedelta(days=n))] == expected


def test_a_month_without_the_day_has_it_on_its_last() -> None:
    rule = {"from": "2026-01-31T09:00", "every": "month"}
    assert [calendar.falls(rule, date(2026, 2, d)) for d in (27, 28)] == [False, True]


def test_a_segment_comes_in_on_schedule_each_time(live: Make) -> None:
    with clock.freeze(AT):
        one, _two = person(1, country="KR"), person(2, country="DE")
        rule = schedule(every="day")
        journey = live(chain(("a", "exit", {}), entry=[rule], reentry={"rule": "always"}))
    for n, hour, entered in ((3, 8, 0), (3, 9, 1), (3, 10, 0), (4, 9, 1)):
        with clock.freeze(datetime(2026, 11, n, hour, tzinfo=UTC)):
            assert starts.run_once() == entered, (n, hour)
    assert inside(journey) == [one, one]


def test_a_schedule_may_follow_the_persons_own_clock(live: Make) -> None:
    with clock.freeze(AT):
        seoul, berlin = (
            person(1, country="KR", time_zone="Asia/Seoul"),
            person(2, country="KR", time_zone="Europe/Berlin"),
        )
        journey = live(chain(WAIT, entry=[schedule(zone="person")]))
    with clock.freeze(datetime(2026, 11, 3, 0, 0, tzinfo=UTC)):
        starts.run_once()
        assert inside(journey) == [seoul]
    with clock.freeze(datetime(2026, 11, 3, 8, 0, tzinfo=UTC)):
        starts.run_once()
        assert inside(journey) == [seoul, berlin]


def test_an_exit_may_be_any_condition(live: Make) -> None:
    exits = [{"kind": "condition", "when": {"all": [{"tag": "vip"}, {"event": "page.seen", "since": "entry"}]}}]
    journey = live(chain(WAIT, ("b", "exit", {}), exits=exits))
    one, two = person(1), person(2)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(one, "k"), Entry(two, "k")], actor="system")
    with clock.freeze(AT + timedelta(minutes=1)):
        people.add_tags([one, two], ["vip"], actor="user:1")
        dispatch.run_once("journeys")
        assert set(Passage.objects.values_list("state", flat=True)) == {"waiting"}
        record(one, Custom("page.seen", {}))
        dispatch.run_once("journeys")
    assert dict(Passage.objects.values_list("person_id", "outcome")) == {one: "exit:condition", two: ""}
    assert list(PassageLog.objects.values_list("step", "outcome", "reason")) == [("a", "exit", "exit:condition")]


def test_a_goal_may_be_a_condition_and_holds_from_the_start(live: Make) -> None:
    goal = {"kind": "condition", "when": {"field": "contact.stage", "op": "eq", "value": "customer"}}
    journey = live(chain(WAIT, goal=goal))
    one, two = person(1, stage="customer"), person(2)
    actions.enter(journey.pk, [Entry(one, "k"), Entry(two, "k")], actor="system")
    assert dict(Passage.objects.values_list("person_id", "outcome")) == {one: "goal", two: ""}
    people.set_stage([two], "customer", reason="", actor="user:1")
    dispatch.run_once("journeys")
    assert Passage.objects.get(person_id=two).outcome == "goal"


def test_a_condition_that_time_makes_true_is_swept(live: Make) -> None:
    quiet = {"not": {"event": "page.viewed", "within": "2d"}}
    journey = live(chain(WAIT, exits=[{"kind": "condition", "when": quiet}]))
    with clock.freeze(AT):
        one, two = person(1), person(2)
        for pk in (one, two):
            record(pk, Custom("page.viewed", {"path": "/"}), at=AT)
        actions.enter(journey.pk, [Entry(one, "k"), Entry(two, "k")], actor="system")
    with clock.freeze(AT + timedelta(days=1)):
        record(two, Custom("page.viewed", {"path": "/"}))
        assert leaving.sweep() == 0
    with clock.freeze(AT + timedelta(days=2, minutes=1)):
        assert leaving.sweep() == 1
    assert dict(Passage.objects.values_list("person_id", "state")) == {one: "exited", two: "waiting"}


def test_whoever_meets_an_exit_when_she_wakes_goes_no_further(live: Make) -> None:
    exits = [{"kind": "condition", "when": {"tag": "stop"}}]
    journey = live(chain(("a", "wait", {"for": minutes(5)}), ("b", "add_tag", {"tag": "late"}), exits=exits))
    one = person(1)
    with clock.freeze(AT):
        actions.enter(journey.pk, [Entry(one, "k")], actor="system")
        Contact.objects.filter(pk=one).update(tags=["stop"])
    with clock.freeze(AT + timedelta(minutes=5)):
        due.run_once()
    assert (Passage.objects.get().outcome, Contact.objects.get(pk=one).tags) == ("exit:condition", ["stop"])


@pytest.mark.parametrize(
    ("rule", "use", "where"),
    [
        ({"kind": "date", "field": "contact.shoe"}, "entry", "field"),
        ({"kind": "date", "field": "contact.birthday", "at": "25:00"}, "entry", "at"),
        ({"kind": "schedule", "segment": 1, "from": "tomorrow"}, "entry", "from"),
        ({"kind": "deal", "what": "eaten"}, "entry", "what"),
        ({"kind": "points", "points": 0}, "entry", "points"),
        ({"kind": "score", "band": "tepid"}, "entry", "band"),
        ({"kind": "score", "band": "hot", "direction": "sideways"}, "entry", "direction"),
        ({"kind": "score", "model": "none", "band": "hot"}, "entry", "model"),
        ({"kind": "condition", "when": {"mail": "none", "did": "opened"}}, "exits", "when"),
        ({"kind": "condition", "when": {"field": "contact.shoe.size", "op": "eq", "value": 1}}, "exits", "when"),
        ({"kind": "tag", "tag": "x", "colour": "red"}, "exits", "colour"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_at_its_field(rule: dict[str, Any], use: str, where: str) -> None:
    assert [p.where for p in problems(chain(WAIT, **{use: [rule]}))] == [f"{use}.0.{where}"]


@pytest.mark.parametrize(("kind", "use"), [("manual", "exits"), ("date", "exits"), ("condition", "entry")])
def test_a_rule_stands_only_where_it_makes_sense(kind: str, use: str) -> None:
    rule = {"kind": kind, "when": {"tag": "x"}, "field": "contact.birthday"}
    assert [p.where for p in problems(chain(WAIT, **{use: [rule]}))] == [f"{use}.0"]
