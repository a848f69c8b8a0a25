"""The rows of what is due: which a worker takes next, moved on by its lease, gone when the outcome is known."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from headwater.core.arrays import columns

#: Where mails, texts and push messages (a row for each browser; pushclaims.py) wait
MAILS, TEXTS, PUSHES = "messaging_outbox", "messaging_textoutbox", "messaging_pushoutbox"
#: lane_key, rank, due_at, person_id, message_id: its key
Row = tuple[int, int, datetime, int, uuid.UUID]
#: Of a backlog each worker takes a quarter of the lanes at a time, so that four work side by side
LANES_OF_BACKLOG = 64
#: The lane that this process took last of a backlog: the next ones are those behind it
_last = 0

_DUE = (
    "SELECT o.* FROM (VALUES (0::smallint), (1::smallint)) AS r(rank) CROSS JOIN LATERAL ("
    "SELECT lane_key, rank, due_at, person_id, message_id FROM messaging_outbox o WHERE o.rank = r.rank "
    "AND o.due_at <= %s ORDER BY o.due_at LIMIT %s) o ORDER BY o.rank, o.due_at LIMIT %s"
)
_DUE_TEXTS = (
    "SELECT lane_key, rank, due_at, person_id, message_id FROM messaging_textoutbox WHERE due_at <= %s "
    "ORDER BY rank, due_at LIMIT %s"
)
_FREE = "SELECT lane_key FROM timeline_lane WHERE lane_key = ANY(%s) ORDER BY lane_key FOR UPDATE SKIP LOCKED"
#: Free lanes with mails: those of urgent ones first, then around from the lane that was served last
_FREE_OF_BACKLOG = (
    "SELECT l.lane_key FROM timeline_lane l WHERE EXISTS (SELECT 1 FROM messaging_outbox o "
    "WHERE o.lane_key = l.lane_key AND o.rank = ANY('{0,1}') AND o.due_at <= %s) "
    "ORDER BY l.lane_key = ANY(%s::bigint[]) DESC, l.lane_key <= %s, l.lane_key LIMIT %s FOR UPDATE OF l SKIP LOCKED"
)
_OF_LANES = (
    "SELECT o.* FROM unnest(%s::bigint[]) AS l(key) CROSS JOIN LATERAL ("
    "SELECT lane_key, rank, due_at, person_id, message_id FROM messaging_outbox o WHERE o.lane_key = l.key "
    "AND o.due_at <= %s ORDER BY o.rank, o.due_at LIMIT %s) o ORDER BY o.rank, o.due_at LIMIT %s"
)
_KEYS = (
    "unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::bigint[], %s::uuid[]) "
    "AS d(lane_key, rank, due_at, person_id, message_id)"
)
_SAME = (
    "(o.lane_key, o.rank, o.due_at, o.person_id, o.message_id) = "
    "(d.lane_key, d.rank, d.due_at, d.person_id, d.message_id)"
)


def due(now: datetime, limit: int) -> tuple[list[Row], list[int]]:
    """Up to `limit` rows that are due, urgent ones first, and their lanes, which are held by the caller's transaction;
    no lanes where all of them are busy: then he waits for them."""
    global _last
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, limit, limit])
        rows: list[Row] = cursor.fetchall()
        if not rows:
            return [], []
        backlog = len(rows) == limit
        if backlog:
            urgent = sorted({row[0] for row in rows if row[1] == 0})
            cursor.execute(_FREE_OF_BACKLOG, [now, urgent, _last, LANES_OF_BACKLOG])
        else:
            cursor.execute(_FREE, [sorted({row[0] for row in rows})])
        lanes = [key for (key,) in cursor.fetchall()]
        if not lanes:
            return rows, []
        if backlog:
            _last = lanes[-1]
            each = max(1, -(-limit // len(lanes)))
            cursor.execute(_OF_LANES, [lanes, now, each, limit])
            return cursor.fetchall(), lanes
    held = set(lanes)
    return [row for row in rows if row[0] in held], lanes


def due_texts(now: datetime, limit: int) -> tuple[list[Row], list[int]]:
    """The same of what goes over other channels than mail, by rank and time. Of lanes that somebody else holds nothing
    is taken this time."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE_TEXTS, [now, limit])
        rows: list[Row] = cursor.fetchall()
        if not rows:
            return [], []
    lanes = free(sorted({row[0] for row in rows}))
    held = set(lanes)
    return [row for row in rows if row[0] in held], lanes


def free(lanes: Sequence[int]) -> list[int]:
    """Those of the lanes that nobody holds; they are the caller's transaction's now."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [list(lanes)])
        return [key for (key,) in cursor.fetchall()]


def take(rows: Sequence[Row], until: datetime, table: str = MAILS) -> list[Row]:
    """Move these rows on by the lease; rows that another worker took meanwhile are not returned."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} o SET due_at = %s FROM {_KEYS} WHERE {_SAME} "
            "RETURNING o.lane_key, o.rank, o.due_at, o.person_id, o.message_id",
            [until, *columns(rows)],
        )
        return cursor.fetchall()  # type: ignore[no-any-return]


def insert(rows: Sequence[Row], table: str = MAILS) -> None:
    """Make these due."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (lane_key, rank, due_at, person_id, message_id) "
            "SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::bigint[], %s::uuid[])",
            columns(rows),
        )


def delete(rows: Sequence[Row], table: str = MAILS) -> None:
    """Their outcome is known."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} o USING {_KEYS} WHERE {_SAME}",
            columns(rows),
        )
