"""Passages from the database into memory and the first time from memory into the database."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from ..models import OPEN
from .base import Traveller

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS = (
    "p.person_id, p.id, p.journey_id, p.version_id, p.step, p.since, p.moved_at, p.state, p.hops, "
    "p.until, p.due_at, p.tries, p.outcome"
)
INSERT = (
    "INSERT INTO journeys_passage (person_id, id, journey_id, version_id, entry_key, why, since, state, step, hops, "
    "entered_at, moved_at, tries, outcome) "
    "SELECT v.person_id, v.id, %s, %s, v.entry_key, v.why, v.since, 'active', %s, 0, %s, %s, 0, '' "
    "FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::jsonb[], %s::timestamptz[]) "
    "AS v(person_id, id, entry_key, why, since) "
    "ON CONFLICT (person_id, journey_id, entry_key) DO NOTHING RETURNING person_id, id"
)


def new_ids(now: datetime, count: int) -> list[int]:
    """Ids for passages: milliseconds, then 21 bits that count from a random start. Made here and not by a sequence
    (scale.md, rule 8); they fit in 63 bits and need to be unique among one person's passages only."""
    base = int((now - _EPOCH).total_seconds() * 1000) << 21
    start = random.getrandbits(21)
    return [base | (start + n & 0x1FFFFF) for n in range(count)]


def insert(
    journey_id: int,
    version_id: int,
    step: str,
    now: datetime,
    rows: Sequence[tuple[int, str, str, datetime]],
) -> list[Traveller]:
    """New passages: rows are (person_id, entry_key, why as JSON, since). Those whose key is there already are left
    out. The people's lanes are held by the caller."""
    if not rows:
        return []
    ids = new_ids(now, len(rows))
    people, keys, whys, sinces = (list(column) for column in zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [journey_id, version_id, step, now, now, people, ids, keys, whys, sinces])
        made = set(cursor.fetchall())
    return [
        Traveller(person, pk, journey_id, version_id, step, since, now)
        for person, pk, since in zip(people, ids, sinces, strict=True)
        if (person, pk) in made
    ]


def of_people(person_ids: Sequence[int], journey_id: int | None = None) -> list[Traveller]:
    """The open passages of these people."""
    where = "p.person_id = ANY(%s) AND p.state = ANY(%s)"
    args: list[Any] = [list(person_ids), list(OPEN)]
    if journey_id is not None:
        where += " AND p.journey_id = %s"
        args.append(journey_id)
    return _read(f"SELECT {COLUMNS} FROM journeys_passage p WHERE {where} ORDER BY p.person_id, p.id", args)


def by_id(keys: Sequence[tuple[int, int]], *, claimed: bool = False) -> list[Traveller]:
    """Open passages by (person_id, id). claimed: their rows in Due are gone already."""
    if not keys:
        return []
    people, ids = [k[0] for k in keys], [k[1] for k in keys]
    found = _read(
        f"SELECT {COLUMNS} FROM unnest(%s::bigint[], %s::bigint[]) AS v(person_id, id) "
        "JOIN journeys_passage p ON p.person_id = v.person_id AND p.id = v.id "
        "WHERE p.person_id = ANY(%s) AND p.state = ANY(%s)",
        [people, ids, people, list(OPEN)],
    )
    if claimed:
        for t in found:
            t.stored_due = None
    return found


def _read(sql: str, args: list[Any]) -> list[Traveller]:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        out = []
        for row in cursor.fetchall():
            t = Traveller(*row)
            t.stored_due = t.due_at
            out.append(t)
    return out
