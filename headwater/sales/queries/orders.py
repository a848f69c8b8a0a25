"""Orders: the list with its filters and sums, one order, what somebody bought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, Count, F, Q, Sum, Value, When
from django.db.models.query import QuerySet

from headwater.core.prepared import Prepared
from headwater.people import queries as people
from headwater.people import rules

from ..models import Order

_NAMED = ("contact", "company", "deal")
#: People whose names fit what was typed, at most
_PEOPLE = 500


@dataclass(frozen=True)
class OrderFilter:
    """What the list is narrowed to. least, most: of the total. refunded orders are also those of which a part was."""

    status: str = ""
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    currency: str = ""
    text: str = ""
    person_id: int | None = None
    company_id: int | None = None
    deal_id: int | None = None


@dataclass(frozen=True)
class OrderPage:
    """Some orders, and the cursor of the next page ("" on the last one)."""

    orders: list[Order]
    next: str


@dataclass(frozen=True)
class OrderSum:
    """Of one currency: how many orders, and what they come to less what was paid back. Cancelled ones are counted, but
    come to nothing."""

    currency: str
    count: int
    total: Decimal


def _rows(f: OrderFilter) -> QuerySet[Order]:
    rows = Order.objects.all()
    exact = {"status": f.status or None, "source": f.source, "currency": f.currency or None, "contact_id": f.person_id,
             "company_id": f.company_id, "deal_id": f.deal_id, "placed_at__gte": f.since, "placed_at__lt": f.until,
             "total__gte": f.least, "total__lte": f.most}  # fmt: skip
    rows = rows.filter(**{name: value for name, value in exact.items() if value is not None})
    return rows.filter(_typed(f.text)) if f.text.strip() else rows


def _typed(text: str) -> Q:
    """Number, coupon or product, or the person's or company's name."""
    found = Q(pk__in=[])
    query = rules.parse(text)
    if query:
        mine = Q()
        for like in query.likes:
            mine &= Q(search__contains=like)
        if query.grams:
            mine &= Q(grams__contains=list(query.grams))
        found |= mine
    where, args = people.where_of(people.Listing(q=text))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT c.id FROM people_contact c WHERE {' AND '.join(where)} LIMIT {_PEOPLE}", args)
        ids = [pk for (pk,) in cursor.fetchall()]
    return found | Q(contact_id__in=ids) if ids else found


def orders(f: OrderFilter, *, after: str = "", limit: int = 50) -> OrderPage:
    """Orders, the newest first, a page at a time. Raises ValueError on a malformed cursor."""
    rows = _rows(f).select_related(*_NAMED).defer("search", "grams", "note")
    if after:
        at, _, pk = after.partition("~")
        try:
            moment, last = datetime.fromisoformat(at), int(pk)
        except ValueError as error:
            raise ValueError(f"not a cursor of orders: {after!r}") from error
        rows = rows.filter(Q(placed_at__lt=moment) | Q(placed_at=moment, pk__lt=last), placed_at__lte=moment)
    found = list(rows.order_by("-placed_at", "-id")[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return OrderPage(found, f"{found[-1].placed_at.isoformat()}~{found[-1].pk}" if more else "")


def order_sums(f: OrderFilter) -> list[OrderSum]:
    """What the filtered orders come to, each currency by itself, the largest first."""
    worth: Any = F("total") - F("refunded")
    if f.status != "cancelled":
        worth = Case(When(status="cancelled", then=Value(Decimal(0))), default=worth)
    found = _rows(f).values_list("currency").annotate(n=Count("*"), worth=Sum(worth)).order_by("-n", "currency")
    return [OrderSum(*row) for row in found]


def order(order_id: int) -> Order:
    """An order with its lines and all that its page names. Raises Order.DoesNotExist."""
    return Order.objects.select_related(*_NAMED).prefetch_related("lines").get(pk=order_id)


_of_contact = Prepared(
    lambda pk: Order.objects.filter(contact_id=pk).order_by("-placed_at", "-id").defer("search", "grams")[:6]
)


def orders_of_contact(person_id: int) -> list[Order]:
    """A person's newest orders, at most six."""
    return list(_of_contact(person_id))


def orders_of_company(company_id: int) -> list[Order]:
    """A company's newest orders, at most six."""
    rows = Order.objects.filter(company_id=company_id).order_by("-placed_at", "-id").defer("search", "grams")
    return list(rows[:6])


def spent(*, person_id: int | None = None, company_id: int | None = None) -> list[OrderSum]:
    """What somebody paid and did not get back, each currency by itself, with the number of paid orders."""
    mine = {"contact_id": person_id} if person_id is not None else {"company_id": company_id}
    rows = Order.objects.filter(**mine, paid_at__isnull=False).values_list("currency")
    return [OrderSum(*row) for row in rows.annotate(n=Count("*"), worth=Sum(F("total") - F("refunded"))).order_by("-n")]


def order_sources() -> list[str]:
    """Where orders came from so far, found by a loose scan of the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE s AS ((SELECT source FROM sales_order ORDER BY source LIMIT 1) UNION ALL SELECT (SELECT "
            "o.source FROM sales_order o WHERE o.source > s.source ORDER BY o.source LIMIT 1) FROM s "
            "WHERE s.source IS NOT NULL) SELECT source FROM s WHERE source IS NOT NULL LIMIT 100"
        )
        return [source for (source,) in cursor.fetchall()]


def search_orders(text: str, limit: int) -> Sequence[Order]:
    """Orders by number, product or person, the newest first."""
    return list(_rows(OrderFilter(text=text)).select_related("contact").order_by("-placed_at", "-id")[:limit])
