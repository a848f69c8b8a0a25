"""Orders are written down, and what follows: facts about their people, and customers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from django.db import connection

from headwater.core import wake
from headwater.people import actions as people
from headwater.people.models import Company, Contact, Stage
from headwater.timeline.actions import NewFact, record_many

from ..facts import OrderUpdated
from ..models import Order, OrderLine
from ..rules import becomes_customer
from .ordering import SAVED, Draft

_LIVE = 20


def lanes_of_paying(company_ids: Collection[int | None]) -> list[int]:
    """Whose lanes are needed where these companies become customers: they tell all their people."""
    known = Company.objects.filter(pk__in=[pk for pk in company_ids if pk is not None]).values_list("pk", "roles")
    new = [pk for pk, roles in known if "customer" not in roles]
    return list(Contact.objects.filter(company_id__in=new).values_list("pk", flat=True)) if new else []


def new_ids(count: int) -> list[int]:
    """Ids for orders to come."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('sales_order', 'id')) FROM generate_series(1, %s)", [count]
        )
        return sorted(pk for (pk,) in cursor.fetchall())


def write(drafts: Sequence[Draft], *, actor: str, now: datetime) -> None:
    """Write drafts, in a constant number of statements; the lanes of their people are held."""
    changed = [draft for draft in drafts if draft.new or draft.changed]
    for draft in changed:
        draft.order.updated_at = now
        if not draft.new:
            draft.order.version += 1
    Order.objects.bulk_create([d.order for d in changed if d.new], batch_size=1000)
    if old := [d.order for d in changed if not d.new]:
        Order.objects.bulk_update(old, SAVED, batch_size=500)
    lines = []
    for draft in (d for d in changed if d.relined):
        for line in draft.lines:
            line.pk, line.order_id = None, draft.order.pk
            lines.append(line)
    if again := [d.order.pk for d in changed if d.relined and not d.new]:
        OrderLine.objects.filter(order_id__in=again).delete()
    OrderLine.objects.bulk_create(lines, batch_size=1000)
    tell(changed, actor=actor)
    _customers([d.order for d in changed if d.paid], actor=actor)


def tell(drafts: Sequence[Draft], *, actor: str) -> None:
    """Record what happened about the orders' people, and wake open pages."""
    facts: list[NewFact] = []
    for draft in drafts:
        if draft.order.contact_id is not None:
            facts += [replace(f, person_id=draft.order.contact_id, actor=actor) for f in draft.told]
        if draft.left is not None:
            updated = [f for f in draft.told if isinstance(f.fact, OrderUpdated)]
            facts += [replace(f, person_id=draft.left, actor=actor) for f in updated]
    record_many(facts)
    if drafts:
        orders = [f"order:{d.order.pk}" for d in drafts[:_LIVE]]
        people_ = [f"person:{d.order.contact_id}" for d in drafts[:_LIVE] if d.order.contact_id is not None]
        wake.publish("orders", *orders, *people_)


def _customers(orders: Sequence[Order], *, actor: str) -> None:
    """Who paid is a customer, and so is her company. Orders that were cancelled or paid back whole make nobody one."""
    orders = [o for o in orders if o.paid_at is not None and o.status in ("paid", "fulfilled")]
    last: dict[int, Order] = {}
    since: dict[int, date] = {}
    for order in orders:
        pk, paid = order.contact_id, order.paid_at
        if pk is None or paid is None:
            continue
        since[pk] = min(since.get(pk, paid.date()), paid.date())
        if pk not in last or (last[pk].paid_at or paid) < paid:
            last[pk] = order
    rise, dated = [], {}
    for pk, stage, at, known in Contact.objects.filter(pk__in=list(last)).values_list(
        "pk", "stage", "stage_at", "customer_since"
    ):
        paid = last[pk].paid_at
        if paid is not None and becomes_customer(stage, at, paid):
            rise.append(pk)
        if known is None:
            dated[pk] = {"customer_since": since[pk]}
    if rise:
        reason = f"paid order {last[rise[0]].number}" if len(rise) == 1 else "paid an order"
        people.set_stage(rise, Stage.CUSTOMER, reason=reason, actor=actor)
    people.set_fields(dated, actor=actor)
    if companies := sorted({o.company_id for o in orders if o.company_id is not None}):
        people.make_customers(companies, actor=actor)


def zero(order: Order) -> Order:
    """A new order's amounts as decimals, as they come from the database."""
    for name in ("total", "discount", "tax", "shipping", "refunded", "quantity"):
        setattr(order, name, Decimal(getattr(order, name)))
    return order
