"""Months of the history: each has a partition, made ahead, and retired as a whole where a rule says so.

A fact of a month that has no partition yet (a late one, an import) lands in the default partition and is moved within
seconds. Whatever is changed here takes its locks for an instant or not at all: it gives up after LOCK_WAIT and is
tried again at the next round, so that neither readers nor writers ever wait for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from headwater.core import clock
from headwater.core.actors import SYSTEM
from headwater.core.config import config

from .actions.journal import note_down

log = logging.getLogger("headwater.partitions")
#: How long a change waits for its locks; whoever comes behind it waits as long at most.
LOCK_WAIT = "100ms"
#: How often a caller who needs a partition now (an import) tries, and how long he pauses in between
TRIES, PAUSE = 50, 0.2
#: Facts older than this many months stay in the default partition: a partition a month would be too many.
OLDEST = 120
#: What is written of a fact; the rest of its columns PostgreSQL makes of them
COLUMNS = "person_id, at, id, kind, data, actor, recorded_at, seq"
#: Conditions are answered from the index alone where PostgreSQL knows pages to be visible to all: it looks soon
SOON = "autovacuum_vacuum_insert_scale_factor = 0.02"
#: Rows of the default partition deleted in one statement
SLICE = 5000


@dataclass(frozen=True, slots=True)
class Month:
    """A partition. first: the month it holds, None for the default one. rows: PostgreSQL's estimate, -1 where it has
    none yet."""

    name: str
    first: datetime | None
    rows: int
    bytes: int


def month_start(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(at: datetime) -> datetime:
    return month_start(month_start(at) + timedelta(days=32))


def months_before(at: datetime, months: int) -> datetime:
    """The same day and time so many months earlier; the month's last day where it has no such day."""
    first = at.year * 12 + at.month - 1 - months
    year, month = divmod(first, 12)
    last = next_month(at.replace(year=year, month=month + 1, day=1)) - timedelta(days=1)
    return at.replace(year=year, month=month + 1, day=min(at.day, last.day))


def ensure(first: datetime | None = None, last: datetime | None = None) -> list[str]:
    """Make the partitions of every month from `first` to `last` (last month to three months ahead if left out).

    Returns the names of those that were made. Safe to call from several processes at once. Rows that waited in the
    default partition for a month that now gets its own are moved into it. Raises OperationalError where somebody
    holds the history for longer than ten seconds.
    """
    now = clock.now()
    month = month_start(first or now - timedelta(days=31))
    end = last or now + timedelta(days=93)
    made = []
    while month <= end:
        if _patiently(month):
            made.append(_name(month))
        month = next_month(month)
    _say(made)
    return made


def _say(made: Sequence[str]) -> None:
    """One line for all: a history of years would fill the screen."""
    if made:
        log.info("partitions_made", extra={"months": len(made), "first": made[0], "last": made[-1]})


def settle() -> int:
    """Give the months of facts that wait in the default partition partitions of their own. Returns how many were
    made; those that cannot be had at the moment are left for the next call."""
    now = clock.now()
    low = month_start(now - timedelta(days=30 * OLDEST))
    if (edge := edge_of_facts(now)) is not None:
        low = max(low, month_start(edge))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') FROM timeline_fact_default "
            "WHERE at >= %s AND at < %s ORDER BY 1",
            [low, next_month(now + timedelta(days=93))],
        )
        wanted = [month.replace(tzinfo=UTC) for (month,) in cursor.fetchall()]
    made = []
    for month in wanted:
        try:
            if _make(month):
                made.append(_name(month))
        except OperationalError as error:
            _only_busy(error)
    _say(made)
    return len(made)


def edge_of_facts(now: datetime) -> datetime | None:
    """Facts before this moment may go (HEADWATER_KEEP_FACTS_MONTHS); None: all are kept for ever."""
    return months_before(now, config.keep_facts_months) if config.keep_facts_months else None


def retire() -> int:
    """Detach and drop the months that ended before the edge, and delete what lies before it in the default partition.
    Returns how many months went and slices were deleted; months that somebody reads at the moment stay until the
    next call."""
    edge = edge_of_facts(clock.now())
    if edge is None:
        return 0
    done = 0
    for month in months():
        if month.first is not None and next_month(month.first) <= edge:
            try:
                done += _drop(month)
            except OperationalError as error:
                _only_busy(error)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM timeline_fact_default WHERE (person_id, at, id) IN (SELECT person_id, at, id "
            "FROM timeline_fact_default WHERE at < %s LIMIT %s FOR UPDATE SKIP LOCKED)",
            [month_start(edge), SLICE],
        )
        return done + int(cursor.rowcount > 0)


def months() -> list[Month]:
    """All partitions, the newest first, the default one last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.reltuples::bigint, pg_total_relation_size(c.oid) FROM pg_inherits i "
            "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'timeline_fact'::regclass"
        )
        found = [Month(name, _first(name), rows, size) for name, rows, size in cursor.fetchall()]
    never = datetime(1, 1, 1, tzinfo=UTC)
    return sorted(found, key=lambda m: m.first or never, reverse=True)


def _name(month: datetime) -> str:
    return f"timeline_fact_{month:%Y_%m}"


def _first(name: str) -> datetime | None:
    year, _, month = name.removeprefix("timeline_fact_").partition("_")
    return datetime(int(year), int(month), 1, tzinfo=UTC) if month else None


def _patiently(month: datetime) -> bool:
    for left in reversed(range(TRIES)):
        try:
            return _make(month)
        except OperationalError as error:
            _only_busy(error)
            if not left:
                raise
            time.sleep(PAUSE)
    return False


def _only_busy(error: OperationalError) -> None:
    """Raise it again unless it says that somebody else holds the lock."""
    if not isinstance(error.__cause__, LockNotAvailable):
        raise error


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
        cursor.execute(f"CREATE TABLE {name} (LIKE timeline_fact INCLUDING ALL) WITH ({SOON})")
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        # Nobody may write to the default partition between the move and the attachment.
        cursor.execute("LOCK TABLE timeline_fact_default IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            f"WITH moved AS (DELETE FROM timeline_fact_default WHERE at >= '{low}' AND at < '{high}' "
            f"RETURNING {COLUMNS}) INSERT INTO {name} ({COLUMNS}) SELECT {COLUMNS} FROM moved"
        )
        cursor.execute(f"ALTER TABLE timeline_fact ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')")
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    return True


def _drop(month: Month) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('headwater.partitions'))")
        cursor.execute("SELECT to_regclass(%s)", [month.name])
        if cursor.fetchone()[0] is None:
            return False  # another worker was first
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        cursor.execute(f"ALTER TABLE timeline_fact DETACH PARTITION {month.name}")
        cursor.execute(f"DROP TABLE {month.name}")
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
        facts = max(0, month.rows)
        note_down("month.retired", f"{month.first:%Y-%m}", actor=SYSTEM, detail={"facts": facts, "bytes": month.bytes})
    log.info("partition_retired", extra={"partition": month.name, "facts": facts, "bytes": month.bytes})
    return True


def analyze() -> bool:
    """Renew what the planner knows of the history as a whole, once a day: PostgreSQL does so by itself for each month
    but never for the table that is made of them. Returns whether it was time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_analyze FROM pg_stat_user_tables WHERE relid = 'timeline_fact'::regclass")
        row = cursor.fetchone()
        if row and row[0] and clock.now() - row[0] < timedelta(days=1):
            return False
        cursor.execute("ANALYZE timeline_fact")
    return True
