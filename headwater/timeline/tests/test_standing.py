"""What operators see: lag and rate of each reaction, who holds lanes, what the doctor says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from headwater.core import clock
from headwater.core.doctor import OK, WARN
from headwater.core.lanes import lane_key
from headwater.timeline import actions, dispatch, panels, queries, registry
from headwater.timeline.actions import Custom, NewFact
from headwater.timeline.actions.pulse import take_pulse
from headwater.timeline.models import Pulse

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Consumers "a", which hears everything, and "b"."""
    monkeypatch.setattr(registry, "_consumers", {})
    registry.reaction("a", hears=None, order=1)(lambda batch: None)
    registry.reaction("b", hears=["test.other"], order=2)(lambda batch: None)
    actions.ensure_consumers()
    with clock.freeze(NOW):
        yield


def say(people: range, at: datetime = NOW) -> None:
    with clock.freeze(at):
        actions.record_many([NewFact(p, Custom("test.said", {})) for p in people])


@pytest.mark.django_db
def test_lag_says_how_many_facts_how_old_and_how_fast(quiet: None) -> None:
    say(range(1, 31))
    dispatch.run_once("a")
    assert [(one.consumer, one.facts_behind, one.per_second) for one in queries.lag(NOW)] == [
        ("a", 0, None),
        ("b", 30, None),
    ]
    take_pulse()
    later = NOW + timedelta(seconds=40)
    say(range(1, 21), NOW + timedelta(seconds=10))
    with clock.freeze(later):
        dispatch.run_once("a")
        dispatch.run_once("b")
        say(range(5, 6), later - timedelta(seconds=7))
        lags, written = queries.standing(later)
    assert [(one.consumer, one.facts_behind, one.oldest_seconds, one.per_second) for one in lags] == [
        ("a", 1, 7.0, 20 / 40),
        ("b", 1, 7.0, 50 / 40),
    ]
    assert written == 21 / 40


@pytest.mark.django_db
def test_the_pulse_is_taken_every_ten_seconds_by_whoever_comes_first(quiet: None) -> None:
    for seconds, rows in [(0, 3), (3, 3), (10, 6), (3599, 9), (3601, 9), (3611, 6)]:
        with clock.freeze(NOW + timedelta(seconds=seconds)):
            take_pulse()
            assert Pulse.objects.count() == rows
    assert set(Pulse.objects.values_list("consumer", flat=True)) == {"", "a", "b"}


@pytest.mark.django_db(transaction=True)
def test_it_is_told_who_holds_how_many_lanes(quiet: None, postgres: str) -> None:
    assert queries.workers(NOW) == []
    name = "headwater-worker box:17"
    with (
        psycopg.connect(postgres, application_name=name) as worker,
        psycopg.connect(postgres) as page,
    ):
        worker.execute("SELECT 1 FROM timeline_laneposition WHERE consumer = 'a' ORDER BY lane_key LIMIT 5 FOR UPDATE")
        worker.execute("SELECT 1 FROM timeline_lane ORDER BY lane_key LIMIT 3 FOR UPDATE")
        page.execute("UPDATE timeline_lane SET head = head + 1 WHERE lane_key = -1")
        with psycopg.connect(postgres, application_name=name):
            found = queries.workers(NOW)
    assert [(w.name, w.sessions, w.lanes) for w in found] == [("box:17", 2, 5), ("", 1, 1)]
    ended = time.monotonic() + 10
    while queries.workers(NOW) and time.monotonic() < ended:
        time.sleep(0.05)  # a session that was closed is gone a moment later
    assert queries.workers(NOW) == []


@pytest.mark.django_db
def test_the_doctor_tells_how_the_log_is_doing(quiet: None) -> None:
    found = {f.what: f for f in panels.examine()}
    assert found["reaction a: 0 facts behind"].state == OK
    assert found["no worker is connected at the moment"].state == OK
    assert [what for what in found if what.startswith("history: ")] != []
    say(range(1, 4), NOW - timedelta(minutes=2))
    dispatch.run_once("b")
    late = [f for f in panels.examine() if f.state == WARN]
    assert [(f.what, f.mend) for f in late] == [
        ("reaction a: 3 facts behind, the oldest for 120 s", "start a worker: headwater work")
    ]


@pytest.mark.django_db
def test_the_doctor_misses_a_month_a_week_before_it_begins(quiet: None) -> None:
    with clock.freeze(datetime(2040, 5, 20, tzinfo=UTC)):
        states = {f.what: f.state for f in panels.examine()}
    assert states["the history has no partition for 2040-06 yet"] == OK
    with clock.freeze(datetime(2040, 5, 26, tzinfo=UTC)):
        states = {f.what: f.state for f in panels.examine()}
    assert states["the history has no partition for 2040-06 yet"] == WARN


@pytest.mark.django_db
def test_the_doctor_names_parked_facts(quiet: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(batch) -> None:  # type: ignore[no-untyped-def]
        raise RuntimeError("no")

    registry._consumers["a"] = registry.Consumer("a", None, fail)
    say(range(1, 3))
    dispatch.run_once("a")
    assert lane_key(1) != lane_key(2)
    assert "2 facts are parked: a failed on them" in [f.what for f in panels.examine() if f.state == WARN]
