"""Months of the history: each has a partition, made ahead; whatever has none lands in the default one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from headwater.core import clock


def month_start(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(at: datetime) -> datetime:
    return month_start(month_start(at) + timedelta(days=32))


def ensure(first: datetime | None = None, last: datetime | None = None) -> list[str]:
    """Make the partitions of every month from `first` to `last` (last month to three months ahead if left out).

    Returns the names of those that were made. Safe to call from several processes at once. Rows that waited in the
    default partition for a month that now gets its own are moved into it.
    """
    now = clock.now()
    month = month_start(first or now - timedelta(days=31))
    end = last or now + timedelta(days=93)
    made = []
    while month <= end:
        if _make(month):
            made.append(_name(month))
        month = next_month(month)
    return made


def _name(month: datetime) -> str:
    return f"timeline_fact_{month:%Y_%m}"


def _make(month: datetime) -> bool:
    name, low, high = _name(month), month.isoformat(), next_month(month).isoformat()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return False
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('headwater.partitions'))")
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return False
        cursor.execute(f"CREATE TABLE {name} (LIKE timeline_fact INCLUDING ALL)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM timeline_fact_default WHERE at >= '{low}' AND at < '{high}' RETURNING *) "
            f"INSERT INTO {name} SELECT * FROM moved"
        )
        cursor.execute(f"ALTER TABLE timeline_fact ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')")
    return True
