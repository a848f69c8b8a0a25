"""Companies: the list, and what a page of one shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from headwater.core.ids import id_of

from .. import registry, rules
from ..models import Company, Contact
from ..registry import Condition, Sort
from .listing import matches


def companies(
    *, q: str = "", after: str = "", limit: int = 50, sort: str = "", filters: Sequence[tuple[str, str]] = ()
) -> tuple[list[Company], str]:
    """A page of companies by name, or in an order of `registry.company_sorts`, and the cursor of the next one. filters:
    (name, value) of `registry.company_filters`. Raises ValueError on a malformed cursor or value, KeyError on an order
    or filter that there is not."""
    where: list[str] = ["true"]
    args: list[Any] = []
    query = rules.parse(q)
    if query:
        sql, args = matches(query, "co")
        where = [sql]
    elif q.strip():
        return [], ""
    for name, value in filters:
        sql, more = registry.company_filters[name].condition(value)
        where, args = [*where, sql], [*args, *more]
    order = registry.company_sorts[sort] if sort else None
    if after:
        sql, more = _after(after, order)
        where, args = [*where, sql], [*args, *more]
    value, by = ("co.name", "co.name, co.id") if order is None else (order.value, f"{order.value} DESC, co.id DESC")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT co.id, {value} FROM people_company co {order.join if order else ''} WHERE {' AND '.join(where)} "
            f"ORDER BY {by} LIMIT {limit + 1:d}",
            args,
        )
        places = cursor.fetchall()
    found = Company.objects.select_related("owner").in_bulk([pk for pk, _value in places[:limit]])
    rows = [found[pk] for pk, _value in places[:limit] if pk in found]
    return rows, f"{places[limit - 1][1]}~{places[limit - 1][0]}" if len(places) > limit else ""


def _after(place: str, order: Sort | None) -> Condition:
    """What follows a place of the list."""
    value, _, pk = place.rpartition("~")
    if id_of(pk) is None or (order is not None and id_of(value.removeprefix("-")) is None):
        raise ValueError(f"not a cursor of this list: {place!r}")
    if order is None:
        return "(co.name, co.id) > (%s, %s)", [value, int(pk)]
    return f"({order.value}, co.id) < (%s, %s)", [int(value), int(pk)]


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
