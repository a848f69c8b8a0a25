"""Waiting for the hour in which a person reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import caches

from headwater.core import clock
from headwater.journeys import actions
from headwater.journeys.engine import due
from headwater.journeys.engine.checking import problems
from headwater.journeys.models import Passage, PassageLog
from headwater.journeys.queries.inside import reason
from headwater.journeys.rules.best_hour import NOTHING, best_hour, hours_within
from headwater.people import actions as people
from headwater.timeline.actions import Custom, NewFact, record_many

from .conftest import Make, chain
from .walking import AT

BEST = {"for": {"amount": 1, "unit": "hours"}, "best": True}


def at(hours: dict[int, float]) -> list[float]:
    out = list(NOTHING)
    for hour, n in hours.items():
        out[hour] = n
    return out


def test_hers_count_most_and_those_of_everybody_where_she_has_few() -> None:
    everybody = at({9: 60, 20: 40})
    assert best_hour(NOTHING, NOTHING) == 10
    assert best_hour(NOTHING, everybody) == 9
    assert best_hour(at({20: 1}), everybody) == 9  # 3 against 2 + 1: of equals the one nearer to ten
    assert best_hour(at({20: 2}), everybody) == 20
    assert best_hour(at({14: 3, 15: 2, 7: 3}), NOTHING) == 14  # neighbours help each other
    assert best_hour(at({23: 4, 0: 4, 1: 1}), NOTHING) == 0  # and midnight is no wall
    assert best_hour(at({20: 9}), everybody, range(8, 12)) == 9


def test_hours_of_a_window_are_those_whose_first_half_lies_in_it() -> None:
    assert hours_within(("08:30", "12:00")) == [9, 10, 11]
    assert hours_within(("08:00", "10:30")) == [8, 9, 10]
    assert hours_within(("08:00", "10:15")) == [8, 9]
    assert hours_within(("22:00", "01:00")) == [22, 23, 0]
    assert hours_within(("08:10", "08:50")) == []
    assert len(hours_within(None)) == 24


@pytest.mark.django_db
def test_each_waits_for_the_hour_in_which_she_reads_in_her_own_zone(live: Make) -> None:
    caches["local"].clear()
    with clock.freeze(AT):  # a Monday, 9:30 UTC
        seoul = people.create_contact(actor="user:1", first_name="Ha", time_zone="Asia/Seoul").pk
        lima = people.create_contact(actor="user:1", first_name="Jo", time_zone="America/Lima").pk
        new = people.create_contact(actor="user:1", first_name="Al").pk
        day = datetime(2026, 10, 20, tzinfo=UTC)
        read = [(seoul, "mail.clicked", 12), (seoul, "mail.opened", 12), (seoul, "mail.opened", 3)]  # 21:00 in Seoul
        read += [(lima, "mail.opened", 13), (lima, "mail.opened", 13), (lima, "mail.scanned", 4)]  # 8:00 in Lima
        record_many([NewFact(p, Custom(kind, {}), day + timedelta(hours=hour, minutes=20)) for p, kind, hour in read])
        old = day - timedelta(days=400)
        record_many([NewFact(lima, Custom("mail.clicked", {}), old + timedelta(hours=n)) for n in range(3)])
        journey = live(chain(("calm", "wait", BEST), ("end", "exit", {})))
    with clock.freeze(AT):
        actions.enter_by_hand(journey.pk, [seoul, lima, new], actor="user:1")
    until = dict(Passage.objects.values_list("person_id", "until"))
    monday = datetime(2026, 11, 2, tzinfo=UTC)
    assert until == {
        seoul: monday + timedelta(hours=12, minutes=seoul % 30),
        lima: monday + timedelta(hours=13, minutes=lima % 30),
        new: monday + timedelta(hours=21, minutes=new % 30),  # when most read, each by her own clock
    }
    with clock.freeze(monday + timedelta(hours=22)):
        while due.run_once():
            pass
    log = {(row.person_id, row.step): row.reason for row in PassageLog.objects.all()}
    assert {p: log[p, "calm"] for p in (seoul, lima, new)} == {seoul: "best:21", lima: "best:8", new: "best:21"}
    assert reason("next", "best:21", {}) == "Her best hour: 21:00"


@pytest.mark.django_db
def test_who_comes_in_her_best_hour_goes_on_at_once_and_windows_hold(live: Make) -> None:
    caches["local"].clear()
    with clock.freeze(AT + timedelta(minutes=45)):  # 10:15: ten is the hour where nothing is known
        one = people.create_contact(actor="user:1", first_name="One").pk
        for settings, wanted in (
            ({"best": True}, None),
            ({"best": True, "from": "14:00", "to": "16:00"}, AT.replace(hour=14, minute=one % 30)),
            ({"best": True, "days": ["tue"]}, AT.replace(day=3, hour=10, minute=one % 30)),
            ({"best": True, "from": "09:00", "to": "10:10"}, AT.replace(day=3, hour=9, minute=one % 30)),
            ({"best": True, "from": "14:05", "to": "14:20"}, AT.replace(hour=14, minute=5)),
        ):
            journey = live(chain(("calm", "wait", settings), ("end", "exit", {})))
            actions.enter_by_hand(journey.pk, [one], actor="user:1")
            assert Passage.objects.get(journey_id=journey.pk).until == wanted


def test_a_time_of_day_and_her_best_hour_exclude_each_other() -> None:
    graph = chain(("calm", "wait", {"best": True, "at": "10:00"}))
    assert [(p.where, str(p)) for p in problems(graph)] == [("steps.calm.at", "Either a time or her best hour.")]
    assert problems(chain(("calm", "wait", {"best": True}))) == []
