"""Orders over the API: a shop sends each as often as it likes, and it is one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Schema
from ninja.errors import HttpError

from headwater.core.paging import Cursor, Limit, Next, opened, sealed

from .. import actions, queries
from ..models import Order
from .base import refusals, router
from .deals import Reason, Version

Words = Annotated[str, Field(max_length=100)]


class LineIn(Schema):
    name: str = ""
    sku: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    total: Decimal | None = Field(None, description="Without it: quantity times unit price, less the discount")


class _Order(Schema):
    number: str | None = None
    company_id: int | None = None
    deal_id: int | None = None
    currency: str | None = None
    lines: list[LineIn] | None = None
    total: Decimal | None = Field(None, description="Without it: of the lines, less discount, with tax and shipping")
    discount: Decimal | None = None
    tax: Decimal | None = None
    shipping: Decimal | None = None
    coupon: str | None = None
    note: str | None = None
    placed_at: datetime | None = None


class OrderIn(_Order):
    """What is left out is not changed where the order is known by its source and key."""

    source: str = Field("", description="The shop, as people call it")
    key: str | None = Field(None, description="The shop's own id of the order: repeated calls are one order")
    person_id: int | None = None
    email: str = Field("", description="Finds or makes the contact")
    person: dict[str, Any] = Field({}, description="More fields of a contact, as PUT /contacts takes them")
    status: str | None = Field(None, description="pending, paid, fulfilled, cancelled or refunded")
    refunded: Decimal | None = Field(None, description="All that was paid back so far")
    cancel_reason: str | None = None
    paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded_at: datetime | None = None


class OrderChange(_Order):
    """Only what is sent changes. null takes the person, company or deal away."""

    source: str | None = None
    person_id: int | None = None
    version: int | None = None


class LineOut(Schema):
    sku: str
    name: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    total: Decimal


class OrderRow(Schema):
    id: int
    number: str
    source: str
    key: str | None
    person_id: int | None
    company_id: int | None
    deal_id: int | None
    status: str
    currency: str
    total: Decimal
    discount: Decimal
    tax: Decimal
    shipping: Decimal
    refunded: Decimal
    quantity: Decimal
    coupon: str
    cancel_reason: str
    placed_at: datetime
    paid_at: datetime | None
    fulfilled_at: datetime | None
    cancelled_at: datetime | None
    refunded_at: datetime | None
    version: int

    @staticmethod
    def resolve_person_id(obj: Order) -> int | None:
        return obj.contact_id


class OrderOut(OrderRow):
    note: str
    lines: list[LineOut]

    @staticmethod
    def resolve_lines(obj: Order) -> Any:
        return obj.lines.all()


class OrderPage(Schema):
    items: list[OrderRow]
    next: Next


class PlacedOut(Schema):
    """outcome: created, updated, unchanged, or refused (`problem` says why)."""

    order_id: int | None
    outcome: str
    problem: str


class Refund(Schema):
    amount: Decimal | None = Field(None, description="Without it: all that is left")
    version: int | None = None


def _said(body: OrderIn) -> actions.NewOrder:
    sent = body.dict()
    lines = sent.pop("lines")
    return actions.NewOrder(**sent, lines=None if lines is None else [actions.NewLine(**line) for line in lines])


def _read(order_id: int) -> Order:
    return queries.order(order_id)


@router.get("/orders", response=OrderPage)
def list_orders(
    request: HttpRequest,
    status: Literal["", "pending", "paid", "fulfilled", "cancelled", "refunded"] = "",
    source: str | None = None,
    person_id: int | None = None,
    company_id: int | None = None,
    deal_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    q: Words = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Orders, the newest first, without their lines. `since`, `until`: when they were placed. `q`: number, product or
    person."""
    asked = queries.OrderFilter(
        status=status,
        source=source and source.replace("\0", ""),
        person_id=person_id,
        company_id=company_id,
        deal_id=deal_id,
        since=since,
        until=until,
        text=q,
    )
    with refusals():
        page = queries.orders(asked, after=opened("orders", cursor), limit=limit)
    return {"items": page.orders, "next": sealed("orders", page.next)}


@router.post("/orders", response={200: OrderOut, 201: OrderOut})
def place_order(request: HttpRequest, body: OrderIn) -> Any:
    """Place an order (201), or bring the one with this source and key up to date (200)."""
    with refusals():
        (done,) = actions.place_orders([_said(body)], actor=request.actor)  # type: ignore[attr-defined]
        if done.order_id is None:
            raise HttpError(422, done.problem)
        return (201 if done.outcome == "created" else 200), _read(done.order_id)


@router.post("/orders/bulk", response=list[PlacedOut])
def place_orders(request: HttpRequest, body: list[OrderIn]) -> Any:
    """The same for up to 1,000 orders at once; one answer per order."""
    with refusals():
        return actions.place_orders([_said(one) for one in body], actor=request.actor)  # type: ignore[attr-defined]


@router.get("/orders/{order_id}", response=OrderOut)
def get_order(request: HttpRequest, order_id: int) -> Any:
    with refusals():
        return _read(order_id)


@router.patch("/orders/{order_id}", response=OrderOut)
def change_order(request: HttpRequest, order_id: int, body: OrderChange) -> Any:
    """`lines` are all of them. 409 where `version` is not the order's any more."""
    changes = body.dict(exclude_unset=True)
    version, lines = changes.pop("version", None), changes.pop("lines", None)
    if "person_id" in changes:
        changes["contact_id"] = changes.pop("person_id")
    links = ("contact_id", "company_id", "deal_id")
    changes = {name: value for name, value in changes.items() if value is not None or name in links}
    with refusals():
        actions.update_order(
            order_id,
            actor=request.actor,  # type: ignore[attr-defined]
            version=version,
            lines=None if lines is None else [actions.NewLine(**line) for line in lines],
            **changes,
        )
        return _read(order_id)


@router.post("/orders/{order_id}/paid", response=OrderOut)
def mark_paid(request: HttpRequest, order_id: int, body: Version) -> Any:
    """The contact becomes a customer."""
    with refusals():
        actions.mark_paid(order_id, actor=request.actor, version=body.version)  # type: ignore[attr-defined]
        return _read(order_id)


@router.post("/orders/{order_id}/fulfil", response=OrderOut)
def fulfil(request: HttpRequest, order_id: int, body: Version) -> Any:
    with refusals():
        actions.fulfil(order_id, actor=request.actor, version=body.version)  # type: ignore[attr-defined]
        return _read(order_id)


@router.post("/orders/{order_id}/cancel", response=OrderOut)
def cancel(request: HttpRequest, order_id: int, body: Reason) -> Any:
    with refusals():
        actions.cancel(order_id, body.reason, actor=request.actor, version=body.version)  # type: ignore[attr-defined]
        return _read(order_id)


@router.post("/orders/{order_id}/refund", response=OrderOut)
def refund(request: HttpRequest, order_id: int, body: Refund) -> Any:
    with refusals():
        actions.refund(order_id, body.amount, actor=request.actor, version=body.version)  # type: ignore[attr-defined]
        return _read(order_id)


@router.post("/orders/{order_id}/reopen", response=OrderOut)
def reopen(request: HttpRequest, order_id: int, body: Version) -> Any:
    """Pending again, after a mistake."""
    with refusals():
        actions.reopen(order_id, actor=request.actor, version=body.version)  # type: ignore[attr-defined]
        return _read(order_id)


@router.delete("/orders/{order_id}", response={204: None})
def delete_order(request: HttpRequest, order_id: int) -> Any:
    with refusals():
        actions.delete_order(order_id, actor=request.actor)  # type: ignore[attr-defined]
    return 204, None
