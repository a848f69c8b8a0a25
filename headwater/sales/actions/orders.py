"""One order: changed, paid, fulfilled, cancelled, refunded, deleted. Who writes names the version that he saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from headwater.core import clock
from headwater.timeline.actions import NewFact, in_lane

from ..facts import OrderUpdated
from ..models import Deal, Order
from .buying import lanes_of_paying, tell, write
from .deals import Stale, check_exist
from .ordering import MOMENTS, Draft, NewLine, about_order, checked, checked_lines, settle

EDITABLE = {
    "number", "source", "currency", "contact_id", "company_id", "deal_id", "total", "discount", "tax", "shipping",
    "coupon", "note", "placed_at",
}  # fmt: skip


@contextmanager
def _locked(order_id: int, version: int | None, *others: int | None, pays: bool = False) -> Iterator[Draft]:
    """The order as a draft, locked, inside its person's lane (and those of `others`); `pays`: inside those, too, who
    hear that its company is a customer. Raises Order.DoesNotExist, or Stale on another version."""
    person, company = Order.objects.values_list("contact_id", "company_id").get(pk=order_id)
    lanes = [pk for pk in (person, *others) if pk is not None] + (lanes_of_paying([company]) if pays else [])
    with in_lane(*lanes):
        order = Order.objects.select_for_update().get(pk=order_id)
        moved = (order.contact_id, order.company_id) != (person, company)
        if moved or (version is not None and version != order.version):
            raise Stale(order)
        yield Draft(order, list(order.lines.all()), new=False)


def _write(draft: Draft, said: dict[str, Any], lines: Sequence[NewLine] | None, actor: str) -> Order:
    now = clock.now()
    rows = None if lines is None else checked_lines(lines)
    settled = settle(draft, checked(said, now), rows, now)
    write([settled], actor=actor, now=now)
    return settled.order


def update_order(
    order_id: int, *, actor: str, version: int | None = None, lines: Sequence[NewLine] | None = None, **changes: Any
) -> Order:
    """Change what EDITABLE names, and the lines (all of them). Without a `total`, lines, discount, tax and shipping
    make it. Returns the order. Raises Order.DoesNotExist, Stale, ValueError."""
    if unknown := set(changes) - EDITABLE:
        raise ValueError(f"an order has no {', '.join(sorted(unknown))}")
    if "number" in changes and not str(changes["number"] or "").strip():
        raise ValueError(_("An order needs a number."))
    _check_links(changes)
    with _locked(order_id, version, changes.get("contact_id")) as draft:
        if draft.order.key is not None and changes.get("source", draft.order.source) != draft.order.source:
            raise ValueError(_("The shop knows this order by its source, which stays."))
        return _write(draft, changes, lines, actor)


def _check_links(changes: dict[str, Any]) -> None:
    check_exist(contact_id=changes.get("contact_id"), company_id=changes.get("company_id"))
    deal = changes.get("deal_id")
    if deal is not None and not Deal.objects.filter(pk=deal).exists():
        raise ValueError(_("There is no such deal."))


def mark_paid(order_id: int, *, actor: str, version: int | None = None, at: datetime | None = None) -> Order:
    """The money is here: the contact becomes a customer. An order that is paid stays as it is. Raises
    Order.DoesNotExist, Stale, ValueError on one that was cancelled."""
    with _locked(order_id, version, pays=True) as draft:
        if draft.order.cancelled_at is not None:
            raise ValueError(_("The order was cancelled."))
        said = {} if draft.order.paid_at is not None else {"paid_at": at or clock.now()}
        return _write(draft, said, None, actor)


def fulfil(order_id: int, *, actor: str, version: int | None = None, at: datetime | None = None) -> Order:
    """It was delivered, paid or not. Once. Raises Order.DoesNotExist, Stale, ValueError on one that was cancelled."""
    with _locked(order_id, version) as draft:
        if draft.order.cancelled_at is not None:
            raise ValueError(_("The order was cancelled."))
        said = {} if draft.order.fulfilled_at is not None else {"fulfilled_at": at or clock.now()}
        return _write(draft, said, None, actor)


def cancel(order_id: int, reason: str, *, actor: str, version: int | None = None) -> Order:
    """Cancel an order that was not delivered, with the reason. Once. Raises Order.DoesNotExist, Stale, ValueError."""
    if not reason.strip():
        raise ValueError(_("Say why."))
    with _locked(order_id, version) as draft:
        if draft.order.cancelled_at is not None:
            return draft.order
        if draft.order.fulfilled_at is not None:
            raise ValueError(_("A delivered order cannot be cancelled; refund it."))
        return _write(draft, {"cancelled_at": clock.now(), "cancel_reason": reason.strip()[:200]}, None, actor)


def refund(order_id: int, amount: Decimal | None = None, *, actor: str, version: int | None = None) -> Order:
    """Pay back that amount, or all that is left (None). The order counts as refunded when nothing is left. Raises
    Order.DoesNotExist, Stale, ValueError where it was not paid, or so much is not left."""
    with _locked(order_id, version) as draft:
        order = draft.order
        if order.paid_at is None:
            raise ValueError(_("Only what was paid can be refunded."))
        left = order.total - order.refunded
        back = left if amount is None else amount
        if not back.is_finite() or back <= 0 or back > left:
            raise ValueError(_("No more can be refunded than was paid."))
        return _write(draft, {"refunded": order.refunded + back, "refunded_at": clock.now()}, None, actor)


def reopen(order_id: int, *, actor: str, version: int | None = None) -> Order:
    """Take back what was marked by mistake: the order is pending again. What its timeline says stays, and so does the
    contact's stage. Raises Order.DoesNotExist, Stale."""
    with _locked(order_id, version) as draft:
        said = dict.fromkeys(MOMENTS[1:]) | {"refunded": Decimal(0), "cancel_reason": ""}
        return _write(draft, said, None, actor)


def delete_order(order_id: int, *, actor: str) -> None:
    """Remove an order that was written by mistake; what its timeline says stays. Raises Order.DoesNotExist."""
    with _locked(order_id, None) as draft:
        fact = OrderUpdated(**about_order(draft.order, draft.lines), changes={"deleted": ["", "true"]})
        draft.told = [NewFact(0, fact)]
        tell([draft], actor=actor)
        draft.order.delete()
