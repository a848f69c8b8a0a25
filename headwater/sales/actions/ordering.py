"""What somebody says of an order, checked, and what it makes of the order: no statement to the database."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from headwater.core.facts import Fact
from headwater.core.money import CURRENCIES, MAX_AMOUNT
from headwater.people.rules import grams, searchable
from headwater.timeline.actions import NewFact

from ..facts import OrderCancelled, OrderFulfilled, OrderPaid, OrderPlaced, OrderRefunded, OrderUpdated
from ..models import Order, OrderLine, OrderStatus
from ..rules import cents, line_total, order_status, order_total

MAX_LINES = 500
#: Clocks differ: so much may an order be ahead
_AHEAD = timedelta(minutes=5)
_TICK = timedelta(microseconds=1)
MONEY = ("total", "discount", "tax", "shipping", "refunded")
MOMENTS = ("placed_at", "paid_at", "fulfilled_at", "cancelled_at", "refunded_at")
_LENGTHS = {"number": 60, "source": 80, "key": 120, "coupon": 80, "note": 2000, "cancel_reason": 200, "currency": 3}
_LINKS = ("contact_id", "company_id", "deal_id")
#: What people would call a change (a moment that is new has a fact of its own)
_TRACKED = ("number", "source", "currency", *_LINKS, *MONEY[:-1], "coupon", "note", *MOMENTS)
SAVED = [*_TRACKED, "refunded", "quantity", "status", "cancel_reason", "version", "updated_at", "search", "grams"]


@dataclass(frozen=True, slots=True)
class NewLine:
    """A product of an order. total None: quantity times unit price, less the discount."""

    name: str = ""
    sku: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    total: Decimal | None = None


@dataclass
class Draft:
    """An order as it will be. told: the facts to record about its person."""

    order: Order
    lines: list[OrderLine] = field(default_factory=list)
    new: bool = True
    told: list[NewFact] = field(default_factory=list)
    changed: bool = False
    relined: bool = False
    paid: bool = False  # now, and not before
    left: int | None = None  # the contact it belonged to before

    def take(self, other: Draft) -> None:
        """Become that one."""
        self.__dict__.update(other.__dict__)


def checked(said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The fields of an order, clean. Raises ValueError on what cannot be."""
    out = dict(said)
    for name in _LENGTHS.keys() & out.keys():
        text = str(out[name] or "").replace("\0", "").strip()
        if len(text) > _LENGTHS[name]:
            raise ValueError(_("%(name)s may have %(n)s characters.") % {"name": name, "n": _LENGTHS[name]})
        out[name] = text
    for name in ("number", "currency", "status"):
        if not out.get(name, True):
            del out[name]
    for name in ("discount", "tax", "shipping", "refunded", "total"):
        if name in out:
            out[name] = amount(out[name])
    for name in MOMENTS:
        moment = out.get(name)
        if moment is not None and not (moment.year >= 1970 and moment <= now + _AHEAD):
            raise ValueError(_("An order cannot be of that time."))
    if out.get("status") and out["status"] not in OrderStatus.values:
        raise ValueError(_("An order has no status %(status)s.") % {"status": out["status"]})
    if out.get("currency") and out["currency"] not in CURRENCIES:
        raise ValueError(_("The currency is unknown."))
    return out


def amount(value: Decimal) -> Decimal:
    """An amount, with two digits after the point. Raises ValueError."""
    if not (value.is_finite() and 0 <= value <= MAX_AMOUNT):
        raise ValueError(_("The amount is out of range."))
    return cents(value)


def checked_lines(lines: Sequence[NewLine]) -> list[OrderLine]:
    """Lines as rows that belong to no order yet. Raises ValueError on what cannot be."""
    if len(lines) > MAX_LINES:
        raise ValueError(_("An order may have %(n)s lines.") % {"n": MAX_LINES})
    return [_line(place, said) for place, said in enumerate(lines)]


def _line(place: int, said: NewLine) -> OrderLine:
    name, sku = (str(text).replace("\0", "").strip() for text in (said.name, said.sku))
    if not (name or sku):
        raise ValueError(_("Each line needs the name of a product."))
    if len(name) > 200 or len(sku) > 80:
        raise ValueError(_("A product's name may have 200 characters, its number 80."))
    in_range = said.quantity.is_finite() and 0 < said.quantity <= 999_999_999
    quantity = said.quantity.quantize(Decimal("0.001")) if in_range else Decimal(0)
    if not quantity:  # also one that is less than a thousandth
        raise ValueError(_("The quantity is out of range."))
    price, discount = amount(said.unit_price), amount(said.discount)
    total = line_total(quantity, price, discount) if said.total is None else said.total
    if said.total is None and total < 0:
        raise ValueError(_("The discount is larger than what it is taken from."))
    return OrderLine(
        place=place, name=name or sku, sku=sku, quantity=quantity, unit_price=price, discount=discount,
        total=amount(total),
    )  # fmt: skip


def settle(draft: Draft, said: Mapping[str, Any], lines: list[OrderLine] | None, now: datetime) -> Draft:
    """The draft with what `checked` and `checked_lines` gave. Raises ValueError; the draft itself stays as it was."""
    out = copy.copy(draft)
    out.order, out.told = copy.copy(draft.order), list(draft.told)
    order, first = out.order, out.new and not out.told and not out.changed
    before = {name: getattr(order, name) for name in SAVED}
    if first:
        before |= dict.fromkeys(MOMENTS) | {"refunded": Decimal(0)}
    for name, value in said.items():
        if name != "status":
            setattr(order, name, value)
    relined = lines is not None and _sums(lines) != _sums(out.lines)
    if relined:
        out.lines, out.relined = lines or [], True
        order.quantity = sum((line.quantity for line in out.lines), Decimal(0))
    if "total" not in said and out.lines and (relined or {"discount", "tax", "shipping"} & said.keys()):
        total = order_total([line.total for line in out.lines], order.discount, order.tax, order.shipping)
        if total < 0:
            raise ValueError(_("The discount is larger than what it is taken from."))
        order.total = amount(total)
    _reach(order, said, before, order.placed_at if first else now)
    if order.refunded > order.total:
        raise ValueError(_("No more can be refunded than was paid."))
    order.status = order_status(
        total=order.total, refunded=order.refunded, paid_at=order.paid_at, fulfilled_at=order.fulfilled_at,
        cancelled_at=order.cancelled_at, refunded_at=order.refunded_at,
    )  # fmt: skip
    index(order, out.lines)
    out.paid = draft.paid or (before["paid_at"] is None and order.paid_at is not None)
    if not first and before["contact_id"] != order.contact_id:
        out.left = draft.left or before["contact_id"]
    told = _told(out, before, relined, first, now)
    out.told += told
    if told or any(before[name] != getattr(order, name) for name in SAVED):
        out.changed = True
    return out


def index(order: Order, lines: Sequence[OrderLine]) -> None:
    """By what an order is found."""
    products = dict.fromkeys(text for line in lines for text in (line.name, line.sku))
    order.search = searchable(order.number, order.coupon, *products)[:10_000]
    order.grams = grams(order.search)


def _sums(lines: Sequence[OrderLine]) -> list[tuple[Any, ...]]:
    return [(x.name, x.sku, x.quantity, x.unit_price, x.discount, x.total) for x in lines]


def _reach(order: Order, said: Mapping[str, Any], before: Mapping[str, Any], at: datetime) -> None:
    """The moments that a status stands for, where nobody names them. A status that is behind changes nothing."""
    status = said.get("status", "")
    if status in ("paid", "fulfilled", "cancelled") and getattr(order, f"{status}_at") is None:
        setattr(order, f"{status}_at", at)
    if status == "refunded" and "refunded" not in said:
        order.refunded = order.total
    if order.refunded > before["refunded"] or status == "refunded":
        order.paid_at = order.paid_at or order.placed_at
        if not said.get("refunded_at"):
            again = order.refunded > before["refunded"] or order.refunded_at is None
            order.refunded_at = at if again else order.refunded_at


def _told(draft: Draft, before: Mapping[str, Any], relined: bool, first: bool, now: datetime) -> list[NewFact]:
    """What happened, as facts; the person and who did it are filled in where they are recorded."""
    order, about = draft.order, about_order(draft.order, draft.lines)
    told: list[tuple[Fact, datetime]] = [(OrderPlaced(**about), order.placed_at)] if first else []
    for name, made in (("paid_at", OrderPaid), ("fulfilled_at", OrderFulfilled)):
        if before[name] is None and (at := getattr(order, name)) is not None:
            told.append((made(**about), at))
    if before["cancelled_at"] is None and order.cancelled_at is not None:
        told.append((OrderCancelled(**about, reason=order.cancel_reason), order.cancelled_at))
    if order.refunded > before["refunded"]:
        back, left = as_number(order.refunded - before["refunded"]), as_number(order.total - order.refunded)
        told.append((OrderRefunded(**about, amount=back, left=left), order.refunded_at or now))
    if not first:
        changes = {
            name.removesuffix("_id"): [_plain(before[name]), _plain(getattr(order, name))]
            for name in _TRACKED
            if before[name] != getattr(order, name) and not (name in MOMENTS[1:] and before[name] is None)
        }
        if relined:
            changes["lines"] = ["", str(len(draft.lines))]
        if order.refunded < before["refunded"]:
            changes["refunded"] = [_plain(before["refunded"]), _plain(order.refunded)]
        changes.pop("refunded_at", None) if order.refunded > before["refunded"] else None
        if changes:
            told.append((OrderUpdated(**about, changes=changes), now))
    return [NewFact(0, fact, at + n * _TICK) for n, (fact, at) in enumerate(told, len(draft.told))]


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


def as_number(value: Decimal) -> float:
    """A decimal as a JSON number."""
    return int(value) if value == value.to_integral_value() else float(value)


def about_order(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """What every fact says of its order."""
    return {
        "order": order.pk,
        "number": order.number,
        "total": as_number(order.total),
        "currency": order.currency,
        "skus": list(dict.fromkeys(line.sku for line in lines if line.sku))[:100] or None,
        "source": order.source,
        "coupon": order.coupon,
    }
