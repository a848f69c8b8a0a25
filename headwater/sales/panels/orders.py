"""What orders add to the pages below, and what their own pages show."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from headwater.core.money import format_money
from headwater.core.registry import (
    NavItem,
    PaletteAction,
    Panel,
    SearchHit,
    SearchSource,
    navigation,
    palette_actions,
    panels,
    search_sources,
)
from headwater.people import registry as people
from headwater.people.models import Company, Contact

from .. import queries
from ..models import Order

#: How an order stands, as a colour
ORDER_HUES = {"pending": 60, "paid": 150, "fulfilled": 235, "cancelled": None, "refunded": 25}


def order_rows(orders: Sequence[Order]) -> list[tuple[Order, str, str, int | None]]:
    """Orders with their total and what was paid back in the reader's words ("" for nothing), and their colour."""
    language = get_language() or "en"
    return [
        (o, format_money(o.total, o.currency, language),
         format_money(o.refunded, o.currency, language) if o.refunded else "", ORDER_HUES[o.status])
        for o in orders
    ]  # fmt: skip


def order_page(order: Order) -> dict[str, Any]:
    """What order.html shows of an order."""
    language = get_language() or "en"

    def said(amount: Decimal) -> str:
        return format_money(amount, order.currency, language)

    lines = list(order.lines.all())
    sums = [(_("Lines"), said(sum((x.total for x in lines), Decimal(0)))), (_("Discount"), said(-order.discount)),
            (_("Shipping"), said(order.shipping)), (_("Tax"), said(order.tax))]  # fmt: skip
    shown = [True, bool(order.discount), bool(order.shipping), bool(order.tax)]
    moments = (
        (_("Paid on"), order.paid_at), (_("Fulfilled on"), order.fulfilled_at), (_("Cancelled on"), order.cancelled_at),
        (_("Refunded on"), order.refunded_at),
    )  # fmt: skip
    return {
        "order": order,
        "hue": ORDER_HUES[order.status],
        "lines": [(x, f"{x.quantity.normalize():f}", said(x.unit_price), said(x.total)) for x in lines],
        "sums": [row for row, on in zip(sums, shown, strict=True) if on and lines],
        "total": said(order.total),
        "refunded": said(order.refunded) if order.refunded else "",
        "left": said(order.total - order.refunded),
        "moments": [(label, at) for label, at in moments if at],
        "can_pay": order.paid_at is None and order.cancelled_at is None,
        "can_fulfil": order.fulfilled_at is None and order.status in ("pending", "paid"),
        "can_cancel": order.status in ("pending", "paid"),
        "can_refund": order.paid_at is not None and order.refunded < order.total,
        **(orders_panel(contact=order.contact_id, but=order.pk) if order.contact_id else {}),
    }


def orders_panel(*, contact: int | None = None, company: int | None = None, but: int | None = None) -> dict[str, Any]:
    """What panel_orders.html shows: what was spent, and the newest orders (without `but`)."""
    language = get_language() or "en"
    rows = queries.orders_of_contact(contact) if contact is not None else queries.orders_of_company(company or 0)
    spent = queries.spent(person_id=contact, company_id=company) if rows else []
    name, key = ("contact", contact) if contact is not None else ("company", company)
    return {
        "panel_orders": order_rows([o for o in rows if o.pk != but][:5]),
        "panel_spent": [format_money(s.total, s.currency, language) for s in spent],
        "panel_last": rows[0].placed_at if rows else None,
        "orders_url": reverse(f"sales:{name}_orders", args=[key]),
        "orders_of": f"{name}={key}",
        "orders_but": but,
    }


def _contact_orders(request: Any, contact: Contact) -> dict[str, Any]:
    return orders_panel(contact=contact.pk)


def _company_orders(request: Any, company: Company) -> dict[str, Any]:
    return orders_panel(company=company.pk)


def _find_orders(user: Any, text: str, limit: int) -> list[SearchHit]:
    return [
        SearchHit(
            o.number,
            " · ".join(p for p in (o.get_status_display(), money, str(o.contact) if o.contact else "") if p),
            reverse("sales:order", args=[o.pk]),
            "shopping-cart",
        )
        for o, money, _back, _hue in order_rows(queries.search_orders(text, limit))
    ]


navigation.add(
    "orders",
    NavItem(
        "orders", pgettext_lazy("purchase", "Orders"), "shopping-cart", "sales:orders", section="records", order=32
    ),
)
palette_actions.add(
    "new-order", PaletteAction("new-order", _("New order"), "shopping-cart", "sales:new_order", "", order=22)
)
search_sources.add("orders", SearchSource("orders", pgettext_lazy("purchase", "Orders"), _find_orders, 32))
for _name, _boxed in (("contact", _contact_orders), ("company", _company_orders)):
    panels.add(
        f"{_name}-orders",
        Panel(
            f"{_name}-orders",
            _name,
            "rail",
            "sales/panel_orders.html",
            _boxed,
            pgettext_lazy("purchase", "Orders"),
            order=22,
        ),
    )
for _kind in ("order.placed", "order.paid", "order.fulfilled", "order.cancelled", "order.refunded", "order.updated"):
    people.links.add(
        f"{_kind}.named", lambda data: f"/orders/{data['order']}/" if isinstance(data.get("order"), int) else ""
    )
