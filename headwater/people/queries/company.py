"""Companies: the list, and what a page of one shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from .. import rules
from ..models import Company, Contact
from .listing import matches


def companies(*, q: str = "", after: str = "", limit: int = 50) -> tuple[list[Company], str]:
    """A page of companies by name, and the cursor of the next one. Raises ValueError on a malformed cursor."""
    where: list[str] = ["true"]
    args: list[Any] = []
    query = rules.parse(q)
    if query:
        sql, args = matches(query, "co")
        where = [sql]
    elif q.strip():
        return [], ""
    if after:
        name, _, pk = after.rpartition("~")
        if not pk.isdigit():
            raise ValueError(f"not a cursor of this list: {after!r}")
        where.append("(co.name, co.id) > (%s, %s)")
        args = [*args, name, int(pk)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT co.id FROM people_company co WHERE {' AND '.join(where) or 'true'} ORDER BY co.name, co.id "
            f"LIMIT {limit + 1:d}",
            args,
        )
        pks = [pk for (pk,) in cursor.fetchall()]
    found = Company.objects.select_related("owner").in_bulk(pks[:limit])
    rows = [found[pk] for pk in pks[:limit] if pk in found]
    return rows, f"{rows[-1].name}~{rows[-1].pk}" if len(pks) > limit else ""


def people_counts(company_ids: Sequence[int]) -> dict[int, int]:
    """How many contacts each company has; those without any are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT company_id, count(*) FROM people_contact WHERE company_id = ANY(%s) GROUP BY 1", [list(company_ids)]
        )
        return dict(cursor.fetchall())


def people_of(company_id: int, limit: int = 200) -> list[Contact]:
    """The people of a company, who was seen last first."""
    found: Any = Contact.objects.filter(company_id=company_id).defer("search", "grams").select_related("owner")
    return list(found.order_by("-last_seen_at", "-id")[:limit])
