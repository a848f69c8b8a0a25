"""What sales keeps of people (people.registry.Holder): deals and orders stay as numbers, hand-overs go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from headwater.core import clock, holdings
from headwater.core.holdings import Table
from headwater.people.registry import Gone, Holder, Joining

from ..models import Deal, LeadHandover, Order, OrderLine

DEALS = Table(Deal, person="contact_id")
HANDOVERS = Table(LeadHandover, person="contact_id")
ORDERS = Table(Order, person="contact_id")
MERGED = gettext_noop("merged with another contact")


def _erase(gone: Gone) -> None:
    """A deal is the company's, and so is an order: amounts, lines and history stay, without her, and without her name.
    What was noted about an order goes: it may say anything."""
    holdings.erase([HANDOVERS], gone.person_ids)
    named = [text for text in (*gone.names, *gone.emails) if len(text) > 1]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sales_deal d SET name = CASE WHEN EXISTS (SELECT 1 FROM unnest(%s::text[]) AS x(said) "
            "WHERE strpos(lower(d.name), lower(x.said)) > 0) THEN %s ELSE d.name END, contact_id = NULL, "
            "version = d.version + 1, updated_at = %s WHERE d.contact_id = ANY(%s)",
            [named, _("Deal of an erased contact"), clock.now(), list(gone.person_ids)],
        )
        cursor.execute(
            "UPDATE sales_order SET contact_id = NULL, note = '', version = version + 1, updated_at = %s "
            "WHERE contact_id = ANY(%s)",
            [clock.now(), list(gone.person_ids)],
        )


def _export(person_id: int) -> dict[str, Any]:
    return _with_lines(holdings.export([DEALS, HANDOVERS, ORDERS], person_id))


def _with_lines(found: dict[str, Any]) -> dict[str, Any]:
    """What she bought belongs to what is kept of her."""
    orders = {order["id"]: order for order in found.get("sales_order", ())}
    fields = ("sku", "name", "quantity", "unit_price", "discount", "total")
    rows = OrderLine.objects.filter(order_id__in=orders).order_by("order_id", "place", "id") if orders else []
    for row in rows:
        orders[row.order_id].setdefault("lines", []).append({name: str(getattr(row, name)) for name in fields})
    return found


def _join(joining: Joining) -> dict[str, Any]:
    """Where sales has both, one lead is enough: the other's is answered with why."""
    kept: dict[str, Any] = {"open": []}
    rows = LeadHandover.objects.filter(status=LeadHandover.OPEN)
    if rows.filter(contact_id=joining.survivor).exists():
        mine = rows.filter(contact_id=joining.merged)
        kept["open"] = list(mine.values_list("pk", flat=True))
        mine.update(status=LeadHandover.RETURNED, answered_at=clock.now(), return_reason=MERGED)
    return kept | holdings.move([DEALS, HANDOVERS, ORDERS], joining.merged, joining.survivor, joining.mark)


def _part(joining: Joining, kept: Mapping[str, Any]) -> None:
    holdings.back([DEALS, HANDOVERS, ORDERS], kept, joining.merged, joining.survivor)
    for pk in kept["open"]:
        if not LeadHandover.objects.filter(contact_id=joining.merged, status=LeadHandover.OPEN).exists():
            again = LeadHandover.objects.filter(pk=pk, contact_id=joining.merged, return_reason=MERGED)
            again.update(status=LeadHandover.OPEN, answered_at=None, return_reason="")


HOLDER = Holder(
    "sales", tables=("sales_deal", "sales_leadhandover", "sales_order"), erase=_erase, export=_export, join=_join,
    part=_part, order=70,
)  # fmt: skip
