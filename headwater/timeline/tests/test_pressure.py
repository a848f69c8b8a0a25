"""Back-pressure: a reaction that is slow or far behind holds up the others, and the people who are up to date, for no
longer than one short batch. (That intake never waits: headwater/capture/tests/test_pressure.py.)"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connection

from headwater.core.lanes import LANE_KEYS, lane_key
from headwater.core.setup import after_migrate
from headwater.timeline import actions, dispatch, pace, queries, registry
from headwater.timeline.actions import Custom, NewFact
from headwater.timeline.models import Parked


class Slow:
    """Two consumers: "quick" before "slow", which needs a while for each fact. Time passes by itself only there."""

    def __init__(self) -> None:
        self.now = 0.0
        self.seconds_a_fact = 0.001
        self.batches: list[int] = []
        self.quick: list[int] = []

    def react_quickly(self, batch) -> None:  # type: ignore[no-untyped-def]
        self.quick += [e.person_id for e in batch]

    def react_slowly(self, batch) -> None:  # type: ignore[no-untyped-def]
        self.batches.append(len(batch))
        self.now += len(batch) * self.seconds_a_fact


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow()
    monkeypatch.setattr(registry, "_consumers", {})
    monkeypatch.setattr(dispatch, "monotonic", lambda: made.now)
    pace.forget()
    registry.reaction("quick", hears=None, order=1)(made.react_quickly)
    registry.reaction("slow", hears=None, order=2)(made.react_slowly)
    yield made
    pace.forget()


def say(people: range) -> None:
    actions.record_many([NewFact(p, Custom("test.said", {})) for p in people])


def behind() -> dict[str, int]:
    from headwater.core import clock

    return {one.consumer: one.facts_behind for one in queries.lag(clock.now())}


def test_a_batch_is_as_big_as_what_is_digested_in_a_quarter_of_a_second() -> None:
    pace.forget()
    sizes = []
    for facts, seconds in [(4000, 2.0), (1000, 1.0), (250, 0.2), (250, 0.1), (200, 0.1), (20, 9.0), (400, 0.01)]:
        pace.learn("c", facts, seconds)
        sizes.append(pace.size("c"))
    assert sizes == [1000, 250, 250, 375, 562, 562, 843]
    for _ in range(10):
        pace.learn("c", pace.size("c"), 0.01)
    assert (pace.size("c"), pace.size("another")) == (4000, 4000)
    for _ in range(10):
        pace.learn("c", pace.size("c"), pace.size("c") * 0.1)
    assert pace.size("c") == 50
    pace.forget()


def test_where_to_begin_is_what_costs_a_batch_stays_large() -> None:
    """A second for any batch, on a machine that others have: batches of 50 would never catch up."""
    pace.forget()
    sizes = []
    for _ in range(6):
        pace.learn("c", pace.size("c"), 1.0 + pace.size("c") * 0.0001)
        sizes.append(pace.size("c"))
    assert sizes == [1000, 4000, 1000, 4000, 1000, 4000]
    pace.forget()


@pytest.mark.django_db
def test_a_consumer_far_behind_holds_up_the_others_for_one_short_batch(slow: Slow) -> None:
    actions.ensure_consumers()
    say(range(1, 3001))
    while dispatch.run_once("quick"):
        pass
    dispatch.run_once("slow")
    assert slow.batches.pop() > 2000  # nothing is known of it yet
    said, began = 0, 0.0
    while behind()["slow"]:
        began = slow.now
        said += 1
        say(range(10_000 + said, 10_001 + said))
        dispatch.run_all()
        assert slow.quick[-1] == 10_000 + said  # who is up to date is heard in the same pass
        assert slow.now - began <= 0.75  # the second batch is a quarter of the first, the third as it should be
    assert slow.batches[-1] < 256
    assert sum(slow.batches) <= 3000


@pytest.mark.django_db
def test_a_lane_with_a_backlog_does_not_hold_up_the_others(slow: Slow) -> None:
    actions.ensure_consumers()
    neighbour = next(p for p in range(2, 1000) if lane_key(p) > lane_key(1))
    actions.record_many([NewFact(1, Custom("test.said", {})) for _ in range(3000)])
    say(range(neighbour, neighbour + 1))
    dispatch.run_once("quick")
    assert slow.quick.count(neighbour) == 1
    assert slow.quick.count(1) == dispatch.BATCH_PER_LANE


@pytest.mark.django_db
def test_lanes_take_turns_where_a_transaction_serves_one(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    actions.ensure_consumers()
    monkeypatch.setattr(dispatch, "LANES_PER_TRANSACTION", 1)
    monkeypatch.setattr(dispatch, "_served", {})
    people = sorted({lane_key(p): p for p in range(1, 60)}.items())[:3]
    for _, person in people:
        actions.record_many([NewFact(person, Custom("test.said", {})) for _ in range(30)])
    for _ in range(4):
        dispatch.run_once("quick", per_lane=10)
    first, second, third = (person for _, person in people)
    assert slow.quick == [first] * 10 + [second] * 10 + [third] * 10 + [first] * 10


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A consumer that only notes whom it heard of, at the time of the day."""
    heard: list[int] = []
    monkeypatch.setattr(registry, "_consumers", {})
    monkeypatch.setattr(dispatch, "_full", {})
    monkeypatch.setattr(dispatch, "_served", {})
    pace.forget()
    registry.reaction("quick", hears=None, order=1)(lambda batch: heard.extend(e.person_id for e in batch))
    after_migrate()
    yield heard
    pace.forget()


HOLD = "SELECT lane_key FROM timeline_lane WHERE lane_key = ANY(%s) ORDER BY lane_key FOR UPDATE"


@pytest.mark.django_db(transaction=True)
def test_of_a_backlog_a_worker_takes_lanes_that_are_free(quick: list[int], postgres: str) -> None:
    say(range(1, 3001))
    pace.begin("quick", 512)
    assert dispatch.run_once("quick") >= 500  # two of each lane; there is more
    quick.clear()
    busy = sorted(LANE_KEYS)[:200]
    with psycopg.connect(postgres) as other, connection.cursor() as cursor:
        other.execute(HOLD, [busy])
        cursor.execute("SET lock_timeout = '1s'")
        assert dispatch.run_once("quick") > 0
        assert {lane_key(p) for p in quick} == set(LANE_KEYS) - set(busy)
        other.execute(HOLD, [list(LANE_KEYS)])
        with pytest.raises(OperationalError, match="lock timeout"):
            dispatch.run_once("quick")  # nothing is free: it waits for its turn
        cursor.execute("RESET lock_timeout")
    while dispatch.run_once("quick"):
        pass
    assert behind() == {"quick": 0}


@pytest.mark.django_db(transaction=True)
def test_waiting_for_lanes_does_not_count_as_digesting(quick: list[int], postgres: str) -> None:
    say(range(1, 401))
    with psycopg.connect(postgres) as other:
        other.execute(HOLD, [list(LANE_KEYS)])
        timer = threading.Timer(0.8, other.rollback)
        timer.start()
        assert dispatch.run_once("quick") == 400
        timer.join()
    assert pace.size("quick") == pace.BATCH_TOTAL


@pytest.mark.django_db(transaction=True)
def test_a_session_that_ended_in_the_middle_is_not_the_reaction_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker stood still for too long; PostgreSQL has ended its session and calls that an InternalError."""
    monkeypatch.setattr(registry, "_consumers", {})
    heard: list[int] = []

    def stands_still(batch) -> None:  # type: ignore[no-untyped-def]
        with connection.cursor() as cursor:
            if not heard:
                heard.append(0)
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '100ms'")
                time.sleep(0.5)
            cursor.execute("SELECT 1")
        heard.extend(e.person_id for e in batch)

    registry.reaction("still", hears=None, order=1)(stands_still)
    after_migrate()
    say(range(1, 9))
    with pytest.raises(OperationalError, match="the session has ended"):
        dispatch.run_once("still")
    connection.close()  # as the worker does
    assert dispatch.run_once("still") == 8
    assert sorted(heard) == list(range(9))
    assert not Parked.objects.exists()
