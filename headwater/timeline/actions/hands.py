"""Facts that change hands: people merged, parted, erased. The people's lanes are held by the caller.

What no consumer has heard yet stays where it stands in its lane and names the new person, so that each consumer hears
it once, about her. A consumer that read a fact before its person changed, and waits for her lane, sees the count of
regroupings change and reads again (dispatch).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from headwater.core import holdings
from headwater.core.holdings import Table
from headwater.core.lanes import lane_key

from ..models import HeldFact, Parked, StoredFact

FACTS = Table(StoredFact, match=("at", "id"), hidden=("seq",))
HELD = Table(HeldFact, match=("id",))
PARKED = Table(Parked)
TABLES = (FACTS, HELD)
#: Every table of this package that names people or visitors
NAMES = ("timeline_fact", "timeline_heldfact", "timeline_lanelog", "timeline_parked", "timeline_visitorfact")


def regroupings() -> int | None:
    """How often facts changed hands so far; None: never."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM timeline_regrouping WHERE id = 1")
        row = cursor.fetchone()
    return row[0] if row else None


def _regroup() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO timeline_regrouping AS r (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = r.n + 1"
        )


def erase_people(person_ids: Sequence[int], *, visitors: Sequence[int], former: Sequence[int] = ()) -> None:
    """Delete every fact of people and of the anonymous past of their visitors: history, queue, held, parked. former:
    ids that were merged into them, in whose lanes facts may still stand."""
    people = list(person_ids)
    lanes = sorted({lane_key(p) for p in (*person_ids, *former)})
    holdings.erase(TABLES, people)
    with connection.cursor() as cursor:
        for table in ("timeline_lanelog", "timeline_parked"):
            cursor.execute(f"DELETE FROM {table} WHERE lane_key = ANY(%s) AND person_id = ANY(%s)", [lanes, people])
        cursor.execute("DELETE FROM timeline_visitorfact WHERE visitor_id = ANY(%s)", [list(visitors)])
    _regroup()


def export_person(person_id: int) -> dict[str, Any]:
    """Everything that happened with a person, and what is to come."""
    return holdings.export(TABLES, person_id)


def join_people(merged: int, survivor: int, *, former: Sequence[int], mark: str) -> dict[str, Any]:
    """Give all facts of `merged` to `survivor`. former: ids that were merged into `merged` before. Returns JSON for
    `part_people`."""
    kept: dict[str, Any] = holdings.move(TABLES, merged, survivor, mark)
    lanes = sorted({lane_key(p) for p in (merged, *former)})
    with connection.cursor() as cursor:
        for table in ("timeline_lanelog", "timeline_parked"):
            cursor.execute(
                f"UPDATE {table} SET person_id = %s WHERE lane_key = ANY(%s) AND person_id = %s "
                "RETURNING lane_key, seq",
                [survivor, lanes, merged],
            )
            kept[table] = sorted(cursor.fetchall())
    kept["lanes"] = lanes
    _regroup()
    return kept


def part_people(
    merged: int, survivor: int, kept: dict[str, Any], *, late: Sequence[tuple[datetime, UUID]] = ()
) -> None:
    """Give facts back to `merged`: those that were hers, and late ones."""
    holdings.back(TABLES, kept, merged, survivor)
    more = [[at.isoformat(), str(i)] for at, i in late]
    holdings.give(FACTS, more, survivor, merged)
    ids = [key[1] for key in (*kept.get(FACTS.name, {}).get("keys", ()), *more)]
    lanes = sorted({*kept["lanes"], lane_key(survivor)})
    with connection.cursor() as cursor:
        for table, column in (("timeline_lanelog", "id"), ("timeline_parked", "fact_id")):
            places = kept[table]
            cursor.execute(
                f"UPDATE {table} SET person_id = %s WHERE lane_key = ANY(%s) AND person_id = %s "
                f"AND ({column} = ANY(%s::uuid[]) "
                "OR (lane_key, seq) IN (SELECT * FROM unnest(%s::bigint[], %s::bigint[])))",
                [merged, lanes, survivor, ids, [k for k, _ in places], [s for _, s in places]],
            )
    _regroup()


def late_facts(
    person_id: int, since: datetime, *, emails: Sequence[str], names: Mapping[str, Sequence[str]]
) -> list[tuple[datetime, UUID]]:
    """Facts of a person recorded since then that came by one of these addresses, or that name one of these things
    (field of the fact -> its values, such as the messages that were sent to those addresses)."""
    said = [f"f.data->>'{field}' = ANY(%s)" for field in names if field.isidentifier()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.at, f.id FROM timeline_fact f WHERE f.person_id = %s AND f.recorded_at > %s AND ("
            "lower(f.data->>'email') = ANY(%s) OR EXISTS (SELECT 1 FROM jsonb_each_text("
            "CASE jsonb_typeof(f.data->'fields') WHEN 'object' THEN f.data->'fields' END) e "
            "WHERE lower(trim(e.value)) = ANY(%s))" + "".join(f" OR {one}" for one in said) + ") ORDER BY f.at, f.id",
            [person_id, since, list(emails), list(emails), *(list(v) for k, v in names.items() if k.isidentifier())],
        )
        return list(cursor.fetchall())
