"""Keeping the milestones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from headwater.core import holdings
from headwater.core.holdings import Table
from headwater.people.registry import Gone, Holder, Joining

from .models import Milestone
from .rules import MILESTONES

_UPSERT = (
    " ON CONFLICT (person_id, step) DO UPDATE SET at = EXCLUDED.at, source = EXCLUDED.source "
    "WHERE insights_milestone.at > EXCLUDED.at"
)
#: What a contact's first touch says about where she came from
SOURCE = (
    "left(coalesce(nullif(c.origin->>'source', ''), nullif(c.origin->>'utm_source', ''), "
    "nullif(c.origin->>'referrer', ''), ''), 80)"
)


def reach(items: Sequence[tuple[int, str, datetime]]) -> int:
    """Keep the earliest time of each (person_id, step, at). Returns how many rows are new or earlier. Two statements,
    in the caller's transaction."""
    first: dict[tuple[int, str], datetime] = {}
    for person_id, step, at in items:
        key = (person_id, step)
        if step in MILESTONES and (key not in first or at < first[key]):
            first[key] = at
    if not first:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO insights_milestone (person_id, step, at, source) "
            f"SELECT n.p, n.s, n.a, CASE WHEN n.s = 'lead' THEN coalesce({SOURCE}, '') ELSE '' END "
            "FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS n(p, s, a) "
            "LEFT JOIN people_contact c ON c.id = n.p AND c.id = ANY(%s)" + _UPSERT,
            [[p for p, _ in first], [s for _, s in first], list(first.values()), sorted({p for p, _ in first})],
        )
        return int(cursor.rowcount)


def rebuild() -> int:
    """Make all milestones anew from the facts, in one transaction. Returns how many there are. For history that was
    copied in (imports, the demo company), and whenever somebody doubts a number."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE insights_milestone IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM insights_milestone")
        cursor.execute(
            "INSERT INTO insights_milestone (person_id, step, at, source) "
            "SELECT f.person_id, f.step, f.at, "
            f"CASE WHEN f.step = 'lead' THEN {SOURCE} ELSE '' END FROM ("
            "SELECT person_id, CASE kind WHEN 'contact.created' THEN 'lead' ELSE data->>'after' END AS step, "
            "min(at) AS at FROM timeline_fact WHERE kind = 'contact.created' "
            "OR (kind = 'stage.changed' AND data->>'after' = ANY(%s)) GROUP BY 1, 2"
            ") f JOIN people_contact c ON c.id = f.person_id",
            [[step for step in MILESTONES if step != "lead"]],
        )
        return int(cursor.rowcount)


# -- what insights keeps of people (people.registry.Holder) ------------------------------------------------------------
MILESTONES_OF = Table(Milestone)


def _erase(gone: Gone) -> None:
    holdings.erase([MILESTONES_OF], gone.person_ids)


def _export(person_id: int) -> dict[str, Any]:
    return holdings.export([MILESTONES_OF], person_id)


def _join(joining: Joining) -> dict[str, Any]:
    """Each step was reached when the first of the two reached it."""
    both = {p: holdings.rows(MILESTONES_OF, p) for p in (joining.survivor, joining.merged)}
    first: dict[str, dict[str, Any]] = {}
    for row in sorted((*both[joining.survivor], *both[joining.merged]), key=lambda r: datetime.fromisoformat(r["at"])):
        first.setdefault(row["step"], {**row, "person_id": joining.survivor})
    _replace((joining.survivor, joining.merged), list(first.values()))
    return {"survivor": both[joining.survivor], "merged": both[joining.merged], "joined": list(first.values())}


def _part(joining: Joining, kept: Mapping[str, Any]) -> None:
    """Steps reached since stay with the survivor."""
    joined = {row["step"] for row in kept["joined"]}
    since = [row for row in holdings.rows(MILESTONES_OF, joining.survivor) if row["step"] not in joined]
    _replace((joining.survivor, joining.merged), [*kept["survivor"], *kept["merged"], *since])


def _replace(people: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM insights_milestone WHERE person_id = ANY(%s)", [list(people)])
    holdings.put(MILESTONES_OF, rows)


HOLDER = Holder(
    "insights", tables=("insights_milestone",), erase=_erase, export=_export, join=_join, part=_part, order=85
)
