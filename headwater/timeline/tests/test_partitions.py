"""Months of the history: made ahead, made for late facts, retired by rule, without anybody waiting for it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from headwater.core import clock
from headwater.core.config import config
from headwater.timeline import actions, partitions, queries
from headwater.timeline.actions import Custom, NewFact, retention
from headwater.timeline.models import StoredFact, VisitorFact

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    with clock.freeze(NOW):
        yield


def names() -> list[str]:
    return [m.name.removeprefix("timeline_fact_") for m in partitions.months()]


def where(person: int) -> list[tuple[str, str]]:
    """(partition, kind) of each fact."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT replace(tableoid::regclass::text, 'timeline_fact_', ''), kind FROM timeline_fact "
            "WHERE person_id = %s ORDER BY at",
            [person],
        )
        return list(cursor.fetchall())


def say(person: int, kind: str, at: datetime) -> None:
    actions.record_many([NewFact(person, Custom(kind, {}), at)])


@pytest.mark.parametrize(
    ("at", "months", "before"),
    [
        ("2026-11-22T09:30", 13, "2025-10-22T09:30"),
        ("2026-11-22T09:30", 11, "2025-12-22T09:30"),
        ("2026-03-31T00:00", 1, "2026-02-28T00:00"),
        ("2028-03-31T00:00", 1, "2028-02-29T00:00"),
        ("2026-01-15T00:00", 1, "2025-12-15T00:00"),
    ],
)
def test_months_before_end_with_the_month(at: str, months: int, before: str) -> None:
    assert partitions.months_before(datetime.fromisoformat(at + "Z"), months).strftime("%Y-%m-%dT%H:%M") == before


@pytest.mark.django_db
def test_months_are_made_ahead() -> None:
    with clock.freeze(datetime(2031, 12, 30, tzinfo=UTC)):
        made = [name.removeprefix("timeline_fact_") for name in partitions.ensure()]
        assert made == ["2031_11", "2031_12", "2032_01", "2032_02", "2032_03", "2032_04"]
        assert partitions.ensure() == []


@pytest.mark.django_db
def test_a_late_fact_gets_into_its_month_within_seconds() -> None:
    late = NOW - timedelta(days=430)
    say(7, "test.late", late)
    say(7, "test.now", NOW)
    assert where(7) == [("default", "test.late"), ("2026_11", "test.now")]
    assert partitions.settle() == 1
    assert where(7) == [("2025_09", "test.late"), ("2026_11", "test.now")]
    assert [e.kind for e in queries.read(7)] == ["test.now", "test.late"]
    assert partitions.settle() == 0
    say(7, "test.later", late + timedelta(days=1))
    assert where(7)[1] == ("2025_09", "test.later")


@pytest.mark.django_db
def test_a_fact_of_another_age_stays_in_the_default_partition() -> None:
    say(7, "test.old", datetime(1999, 5, 5, tzinfo=UTC))
    assert partitions.settle() == 0
    assert where(7) == [("default", "test.old")]


@pytest.mark.django_db
def test_nothing_is_retired_where_facts_are_kept_for_ever() -> None:
    say(7, "test.old", datetime(2017, 5, 5, tzinfo=UTC))
    partitions.settle()
    assert config.keep_facts_months == 0
    assert (partitions.retire(), where(7)) == (0, [("2017_05", "test.old")])


@pytest.mark.django_db
def test_whole_months_are_retired_once_all_of_them_is_old_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    say(7, "test.ancient", datetime(1999, 5, 5, tzinfo=UTC))
    say(7, "test.gone", datetime(2025, 9, 30, 23, 59, 59, tzinfo=UTC))
    say(7, "test.kept", datetime(2025, 10, 1, tzinfo=UTC))
    say(7, "test.now", NOW)
    partitions.settle()
    monkeypatch.setattr(config, "keep_facts_months", 13)
    assert partitions.retire() == 2  # a month, and a slice of the default partition
    assert where(7) == [("2025_10", "test.kept"), ("2026_11", "test.now")]
    assert "2025_09" not in names()
    (line,) = queries.journal()
    assert (line.what, line.subject, line.actor) == ("month.retired", "2025-09", "system")
    assert partitions.retire() == 0
    say(7, "test.too_late", datetime(2025, 9, 2, tzinfo=UTC))
    assert partitions.settle() == 0  # its month is over: it gets none, and goes
    assert (partitions.retire(), len(where(7))) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_while_a_month_is_read(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    say(7, "test.gone", datetime(2025, 8, 5, tzinfo=UTC))
    partitions.settle()
    monkeypatch.setattr(config, "keep_facts_months", 13)
    with psycopg.connect(postgres) as reader:
        assert reader.execute("SELECT count(*) FROM timeline_fact").fetchone() == (1,)
        began = time.monotonic()
        assert partitions.retire() == 0
        assert time.monotonic() - began < 2.0
        assert "2025_08" in names()
        assert reader.execute("SELECT count(*) FROM timeline_fact").fetchone() == (1,)
    assert partitions.retire() == 1
    assert "2025_08" not in names()


@pytest.mark.django_db(transaction=True)
def test_a_late_month_waits_for_who_writes_into_the_default_partition(postgres: str) -> None:
    late = datetime(2025, 7, 5, tzinfo=UTC)
    say(7, "test.late", late)
    with psycopg.connect(postgres) as writer:
        writer.execute(
            "INSERT INTO timeline_fact (person_id, at, id, kind, data, actor, recorded_at) "
            "VALUES (7, %s, %s, 'test.later', '{}', 'system', %s)",
            [late + timedelta(days=1), uuid.uuid4(), NOW],
        )
        assert partitions.settle() == 0
    assert partitions.settle() == 1
    assert where(7) == [("2025_07", "test.late"), ("2025_07", "test.later")]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE timeline_fact_2025_07")


@pytest.mark.django_db
def test_the_anonymous_past_is_forgotten_after_thirteen_months(monkeypatch: pytest.MonkeyPatch) -> None:
    edge = datetime(2025, 10, 22, tzinfo=UTC)
    for number, at in enumerate((edge - timedelta(days=90), edge - timedelta(seconds=1), edge, NOW)):
        actions.record_anonymous([(99, at, uuid.UUID(int=number), "page.viewed", {"n": number})])
        actions.record_anonymous([(55, at, uuid.UUID(int=number), "page.viewed", {"n": number})])
    actions.adopt([(55, 1)])
    monkeypatch.setattr(retention, "SLICE", 1)
    assert [retention.forget_anonymous() for _ in range(3)] == [1, 1, 0]
    assert sorted(f.data["n"] for f in VisitorFact.objects.all()) == [2, 3]
    assert StoredFact.objects.filter(person_id=1).count() == 4
    (line,) = queries.journal()
    assert (line.what, line.subject, line.detail) == ("anonymous.forgotten", "2025-10-21", {"facts": 2})


@pytest.mark.django_db
def test_the_anonymous_past_can_be_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    actions.record_anonymous([(99, NOW - timedelta(days=2000), uuid.uuid4(), "page.viewed", {})])
    monkeypatch.setattr(config, "keep_anonymous_months", 0)
    assert (retention.forget_anonymous(), VisitorFact.objects.count()) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_the_planner_learns_about_the_history_as_a_whole_once_a_day() -> None:
    def known() -> datetime:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute("SELECT last_analyze FROM pg_stat_user_tables WHERE relid = 'timeline_fact'::regclass")
            at: datetime = cursor.fetchone()[0]
            return at

    partitions.analyze()
    first = known()
    with clock.freeze(first + timedelta(hours=23)):
        assert partitions.analyze() is False
    with clock.freeze(first + timedelta(hours=25)):
        assert partitions.analyze() is True
    assert known() != first
