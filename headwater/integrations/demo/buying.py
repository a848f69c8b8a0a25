"""What customers of the demo company bought: the year of their plan, and sensors from its shop.

Drawn by a generator of each person's own, so that the rest of the lives stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from headwater.core.facts import Fact
from headwater.sales.actions import NewLine, OrderSeed, import_orders
from headwater.sales.facts import OrderCancelled, OrderFulfilled, OrderPaid, OrderPlaced, OrderRefunded
from headwater.sales.models import Order

from .lives import Life, new_id

SHOP, CURRENCY = "Northstar Shop", "EUR"
#: name, number, price, pieces at most
GOODS = (
    ("Footfall sensor, ceiling", "NS-200", "189.00", 12), ("Footfall sensor, door", "NS-120", "139.00", 8),
    ("Queue camera", "NS-Q4", "319.00", 4), ("Counting gateway", "NS-G1", "249.00", 2),
    ("Mounting kit", "NS-MK", "29.90", 12), ("Retail analytics training, one day", "NS-TR1", "890.00", 1),
)  # fmt: skip
VAT = Decimal("0.19")


def orders(
    people: Sequence[tuple[int, Life]], deals: Mapping[int, int], companies: Sequence[int], now: datetime
) -> None:
    """Write the orders of all customers, and tell of them in their lives. deals: person -> the deal that was won."""
    seeds, whose = [], []
    for pk, life in people:
        won = next((at for name, at in life.sale.path if name == "Won"), None) if life.sale else None
        if won is None:
            continue
        for seed in [*_plan(life, won, now), *_goods(life, won, now)]:
            whose.append((pk, life, seed))
    whose.sort(key=lambda row: (row[2]["placed_at"], row[0]))
    for n, (pk, life, seed) in enumerate(whose, 1001):
        by_hand = not seed["source"]
        number = f"{seed['placed_at'].year}-{n}" if by_hand else f"#{n}"
        ids: dict[str, Any] = {
            "person_id": pk,
            "company_id": companies[life.company],
            "deal_id": deals.get(pk) if by_hand else None,
        }
        key = "" if by_hand else f"{n}"
        seeds.append(OrderSeed(**seed, **ids, number=number, key=key, currency=CURRENCY))
    made = import_orders(seeds)
    rows = Order.objects.prefetch_related("lines").in_bulk(made)
    for order_id, (_pk, life, _seed) in zip(made, whose, strict=True):
        _tell(life, rows[order_id])


def _plan(life: Life, won: datetime, now: datetime) -> list[dict[str, Any]]:
    """The year that the deal was about, invoiced by hand and paid within a month."""
    rng = Random(life.visitor)
    assert life.sale is not None
    placed, days = won + timedelta(hours=rng.uniform(1, 20)), rng.uniform(4, 30)
    if placed > now:
        return []
    paid = placed + timedelta(days=days)
    name, sku = f"Northstar {life.plan}, one year", f"PLAN-{life.plan.upper()}"
    line = NewLine(name, sku, Decimal(1), Decimal(life.sale.amount))
    return [{"source": "", "lines": [line], "placed_at": placed, "paid_at": paid if paid <= now else None}]


def _goods(life: Life, won: datetime, now: datetime) -> list[dict[str, Any]]:
    """What she ordered in the shop since, in some months."""
    rng, at, out = Random(life.visitor + 1), won, []
    for _ in range(rng.choice((0, 1, 1, 2, 3, 5))):
        at = at + timedelta(days=rng.uniform(4, 110))
        if at > now:
            break
        lines = [
            NewLine(name, sku, Decimal(rng.randint(1, most)), Decimal(price))
            for name, sku, price, most in rng.sample(GOODS, rng.choice((1, 1, 2, 3)))
        ]
        worth = sum((x.quantity * x.unit_price for x in lines), Decimal(0))
        off = (worth / 10).quantize(Decimal("0.01")) if rng.random() < 0.2 else Decimal(0)
        tax = ((worth - off) * VAT).quantize(Decimal("0.01"))
        seed = {
            "source": SHOP,
            "lines": lines,
            "placed_at": at,
            "discount": off,
            "tax": tax,
            "shipping": Decimal("14.90") if worth < 500 else Decimal(0),
            "coupon": "PARTNER10" if off else "",
        }
        out.append(seed | _fate(rng, at, lines[0], now))
    return out


def _fate(rng: Random, at: datetime, line: NewLine, now: datetime) -> dict[str, Any]:
    """What became of an order of the shop until now."""
    paid = at + timedelta(minutes=rng.uniform(1, 50))
    sent, back = paid + timedelta(days=rng.uniform(0.6, 4)), paid + timedelta(days=rng.uniform(6, 20))
    drawn = rng.random()
    if drawn < 0.06 and sent <= now:
        return {"cancelled_at": sent, "cancel_reason": "Ordered twice"}
    fate: dict[str, Any] = {"paid_at": paid if paid <= now else None, "fulfilled_at": sent if sent <= now else None}
    if drawn > 0.93 and back <= now:
        fate |= {"refunded": line.unit_price, "refunded_at": back, "note": "One came broken and was paid back."}
    return fate


def _tell(life: Life, order: Order) -> None:
    rng = Random(f"{life.visitor}:{order.number}")
    about: dict[str, Any] = {
        "order": order.pk, "number": order.number, "total": float(order.total), "currency": order.currency,
        "skus": [line.sku for line in order.lines.all()], "source": order.source, "coupon": order.coupon,
    }  # fmt: skip
    facts: list[tuple[datetime, Fact]] = [(order.placed_at, OrderPlaced(**about))]
    facts += [
        (moment, made)
        for moment, made in (
            (order.paid_at, OrderPaid(**about)),
            (order.fulfilled_at, OrderFulfilled(**about)),
            (order.cancelled_at, OrderCancelled(**about, reason=order.cancel_reason)),
        )
        if moment is not None
    ]
    if order.refunded_at is not None:
        left = float(order.total - order.refunded)
        facts.append((order.refunded_at, OrderRefunded(**about, amount=float(order.refunded), left=left)))
    for at, fact in facts:
        life.facts.append((at, new_id(rng), fact.kind, fact.data(), "system"))
