"""Late facts and facts of the future: where they lie, when they are heard, how often."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from headwater.core import clock
from headwater.timeline import actions, dispatch, partitions, queries, registry
from headwater.timeline.actions import Custom, NewFact
from headwater.timeline.models import HeldFact, LaneLog

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, datetime]]:
    monkeypatch.setattr(registry, "_consumers", {})
    out: list[tuple[int, str, datetime]] = []

    @registry.reaction("test", hears=None, order=1)
    def hear(batch) -> None:  # type: ignore[no-untyped-def]
        out.extend((e.person_id, e.data["n"], e.at) for e in batch)

    actions.ensure_consumers()
    return out


def fact(person: int, n: str, at: datetime, key: int | None = None) -> NewFact:
    return NewFact(person, Custom("test.said", {"n": n}), at, None if key is None else uuid.UUID(int=key), "api:3")


def test_a_late_fact_is_heard_once_and_stands_where_it_happened(heard: list[tuple[int, str, datetime]]) -> None:
    late = NOW - timedelta(days=400)
    with clock.freeze(NOW):
        actions.record_many([fact(7, "now", NOW), fact(7, "late", late)])
        dispatch.run_once("test")
        partitions.settle()
        dispatch.run_once("test")
    assert heard == [(7, "now", NOW), (7, "late", late)]
    assert [e.data["n"] for e in queries.read(7)] == ["now", "late"]


def test_a_clock_that_is_five_minutes_fast_makes_a_fact_of_now(heard: list[tuple[int, str, datetime]]) -> None:
    with clock.freeze(NOW):
        actions.record_many([fact(7, "fast", NOW + 5 * MINUTE)])
        dispatch.run_once("test")
    assert heard == [(7, "fast", NOW + 5 * MINUTE)]
    assert HeldFact.objects.count() == 0


def test_a_fact_of_the_future_takes_effect_when_its_time_comes(heard: list[tuple[int, str, datetime]]) -> None:
    due = NOW + timedelta(hours=1)
    with clock.freeze(NOW):
        made = actions.record_many([fact(7, "then", due, 5), fact(7, "now", NOW), fact(8, "later", due + MINUTE, 6)])
        assert made[1:] == [uuid.UUID(int=5), uuid.UUID(int=6)]
        assert actions.record_many([fact(7, "then", due, 5)]) == []
        assert dispatch.run_once("test") == 1
        assert [e.data["n"] for e in queries.read(7)] == ["now"]
    with clock.freeze(due - timedelta(microseconds=1)):
        assert actions.release() == 0
    with clock.freeze(due):
        assert actions.release() == 1
        assert actions.release() == 0
        dispatch.run_once("test")
    assert heard == [(7, "now", NOW), (7, "then", due)]
    (row,) = LaneLog.objects.filter(person_id=7, data__n="then")
    assert (row.at, row.recorded_at, row.id, row.actor) == (due, due, uuid.UUID(int=5), "api:3")
    with clock.freeze(due + 10 * MINUTE):
        assert actions.record_many([fact(7, "then", due, 5)]) == []
        assert (actions.release(), actions.release(), HeldFact.objects.count()) == (1, 0, 0)


def test_held_facts_come_in_the_order_of_their_time(heard: list[tuple[int, str, datetime]]) -> None:
    with clock.freeze(NOW):
        actions.record_many([fact(7, str(n), NOW + n * timedelta(hours=1)) for n in (3, 1, 2)])
    with clock.freeze(NOW + timedelta(hours=4)):
        assert actions.release(limit=1) == 3  # a person's together
        dispatch.run_once("test")
    assert [n for _, n, _ in heard] == ["1", "2", "3"]
