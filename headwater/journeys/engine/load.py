"""Passages from the database into memory, and new ones, which `batch` writes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection

from ..models import OPEN
from .base import Arrival, Traveller

if TYPE_CHECKING:
    from .graph import Version

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS = (
    "p.person_id, p.id, p.journey_id, p.version_id, p.step, p.since, p.moved_at, p.state, p.hops, "
    "p.until, p.due_at, p.tries, p.outcome"
)
KNOWN = (
    "SELECT v.n FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) WITH ORDINALITY "
    "AS v(person_id, journey_id, entry_key, n) JOIN journeys_passage p ON p.person_id = v.person_id "
    "AND p.journey_id = v.journey_id AND p.entry_key = v.entry_key WHERE p.person_id = ANY(%s)"
)


def new_ids(now: datetime, count: int) -> list[int]:
    """Ids for passages: milliseconds, then 21 bits that count from a random start. Made here and not by a sequence
    (scale.md, rule 8); they fit in 63 bits and need to be unique among one person's passages only."""
    base = int((now - _EPOCH).total_seconds() * 1000) << 21
    start = random.getrandbits(21)
    return [base | (start + n & 0x1FFFFF) for n in range(count)]


def arriving(rows: Sequence[tuple[Version, int, str, str, datetime]], now: datetime) -> list[Traveller]:
    """People at the beginning of their way: rows are (version, person_id, entry_key, why as JSON, since). Those whose
    key is there already are left out. Nothing is written: the batch does that, when it is known how far they got.
    Nobody else can write the same passage meanwhile, for the people's lanes are held by the caller. One statement."""
    if not rows:
        return []
    people = [row[1] for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [people, [row[0].journey_id for row in rows], [row[2] for row in rows], people])
        known = {n - 1 for (n,) in cursor.fetchall()}
    return [
        Traveller(person, pk, v.journey_id, v.id, v.start or "", since, now, arrival=Arrival(key, why))
        for n, (pk, (v, person, key, why, since)) in enumerate(zip(new_ids(now, len(rows)), rows, strict=True))
        if n not in known
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
