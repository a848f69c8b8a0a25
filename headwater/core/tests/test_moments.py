"""Moments come back from PostgreSQL as they were sent, by the fast way and by Django's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from headwater.core import moments


@pytest.mark.django_db
@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
        datetime(2026, 11, 2, 9, 30, 0, 120000, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        None,
    ],
)
def test_a_moment_comes_back_as_it_was_sent(moment: datetime | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [moment])
        assert cursor.fetchone() == (moment,)


@pytest.mark.django_db
def test_what_python_cannot_hold_is_refused_as_django_refuses_it() -> None:
    from django.db import DataError

    with connection.cursor() as cursor:
        cursor.execute("SELECT '20000-01-01 00:00:00+00'::timestamptz")
        with pytest.raises(DataError):
            cursor.fetchone()


@pytest.mark.django_db
def test_the_fast_way_is_in_use() -> None:
    from django.db.backends.postgresql import psycopg_any

    assert psycopg_any.BaseTzLoader.load is moments.load
