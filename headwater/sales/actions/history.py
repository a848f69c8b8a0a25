"""Deals, hand-overs and orders of the past, in bulk (imports, sample data): rows only, no facts and no effects."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from ..models import Deal, DealStageChange, LeadHandover, Order, OrderLine, PipelineStage
from ..rules import STEP, order_status, order_total
from .buying import new_ids
from .ordering import NewLine, checked_lines, index
from .pipelines import ensure_pipeline
from .places import top_of


@dataclass(frozen=True, slots=True)
class DealSeed:
    """A deal of the past. path: the names of the stages it stood in, each with when it came there; the last one is
    where it stands. key: the same key is imported once."""

    name: str
    path: Sequence[tuple[str, datetime]]
    person_id: int | None = None
    company_id: int | None = None
    owner_id: int | None = None
    amount: Decimal | None = None
    currency: str = "USD"
    expected_close: date | None = None
    source: str = ""
    lost_reason: str = ""
    key: str = ""
    actor: str = "system"


@dataclass(frozen=True, slots=True)
class HandoverSeed:
    """A hand-over of the past. status "open", "accepted" or "returned"."""

    person_id: int
    owner_id: int | None
    deal_id: int | None
    reason: str
    score: int
    created_at: datetime
    sla_due_at: datetime
    status: str
    answered_at: datetime | None = None
    return_reason: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class OrderSeed:
    """An order of the past; its status follows from the moments. key: the same source and key are imported once."""

    number: str
    lines: Sequence[NewLine]
    placed_at: datetime
    person_id: int | None = None
    company_id: int | None = None
    deal_id: int | None = None
    source: str = ""
    key: str = ""
    currency: str = "USD"
    discount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    shipping: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    coupon: str = ""
    note: str = ""
    cancel_reason: str = ""
    paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded_at: datetime | None = None


def import_deals(seeds: Sequence[DealSeed]) -> list[int]:
    """Write deals with their stage history, 1,000 a statement. Returns their ids in order.

    Stages are those of the first pipeline, by name. Raises KeyError on an unknown stage, ValueError on an empty path,
    IntegrityError on a key that is there already.
    """
    pipeline = ensure_pipeline()
    stages = {s.name: s for s in PipelineStage.objects.filter(pipeline=pipeline, archived_at=None)}
    with transaction.atomic():
        bottom: dict[int, float] = defaultdict(float)
        for stage in stages.values():
            bottom[stage.pk] = top_of(stage.pk)
        deals = []
        for seed in seeds:
            if not seed.path:
                raise ValueError(f"deal {seed.name!r} has never stood in a stage")
            stage, at = stages[seed.path[-1][0]], seed.path[-1][1]
            bottom[stage.pk] -= STEP
            deals.append(
                Deal(
                    name=seed.name[:200],
                    contact_id=seed.person_id,
                    company_id=seed.company_id,
                    owner_id=seed.owner_id,
                    amount=seed.amount,
                    currency=seed.currency,
                    pipeline=pipeline,
                    stage=stage,
                    position=bottom[stage.pk],
                    expected_close=seed.expected_close,
                    source=seed.source[:80],
                    lost_reason=seed.lost_reason[:200],
                    created_at=seed.path[0][1],
                    stage_at=at,
                    updated_at=at,
                    won_at=at if stage.kind == "won" else None,
                    lost_at=at if stage.kind == "lost" else None,
                    key=seed.key or None,
                )
            )
        Deal.objects.bulk_create(deals, batch_size=1000)
        changes = []
        for deal, seed in zip(deals, seeds, strict=True):
            before = None
            for name, at in seed.path:
                changes.append(DealStageChange(deal=deal, before=before, after=stages[name], at=at, actor=seed.actor))
                before = stages[name]
        DealStageChange.objects.bulk_create(changes, batch_size=1000)
    return [deal.pk for deal in deals]


def import_handovers(seeds: Sequence[HandoverSeed]) -> list[int]:
    """Write hand-overs of the past. Returns their ids in order. At most one open per person (IntegrityError)."""
    rows = LeadHandover.objects.bulk_create(
        [
            LeadHandover(
                contact_id=s.person_id,
                owner_id=s.owner_id,
                deal_id=s.deal_id,
                reason=s.reason[:300],
                score=s.score,
                status=s.status,
                created_at=s.created_at,
                sla_due_at=s.sla_due_at,
                answered_at=s.answered_at,
                return_reason=s.return_reason[:300],
                key=s.key or uuid.uuid4().hex,
            )
            for s in seeds
        ],
        batch_size=1000,
    )
    return [row.pk for row in rows]


def import_orders(seeds: Sequence[OrderSeed]) -> list[int]:
    """Write orders with their lines, 1,000 a statement. Returns their ids in order.

    Raises ValueError on lines or amounts that cannot be, IntegrityError on a source and key that are there already.
    """
    orders, lines = [], []
    with transaction.atomic():
        for pk, seed in zip(new_ids(len(seeds)), seeds, strict=True):
            mine = checked_lines(seed.lines)
            total = order_total([line.total for line in mine], seed.discount, seed.tax, seed.shipping)
            if not 0 <= seed.refunded <= total:
                raise ValueError(f"order {seed.number!r} was refunded more than it cost")
            moments = {name: getattr(seed, name) for name in ("paid_at", "fulfilled_at", "cancelled_at", "refunded_at")}
            orders.append(
                Order(
                    pk=pk,
                    contact_id=seed.person_id,
                    key=seed.key or None,
                    total=total,
                    quantity=sum((line.quantity for line in mine), Decimal(0)),
                    status=order_status(total=total, refunded=seed.refunded, **moments),
                    created_at=seed.placed_at,
                    updated_at=max(at for at in (seed.placed_at, *moments.values()) if at is not None),
                    **moments,
                    **{name: getattr(seed, name) for name in _PLAIN},
                )
            )
            index(orders[-1], mine)
            for line in mine:
                line.order_id = pk
                lines.append(line)
        Order.objects.bulk_create(orders, batch_size=1000)
        OrderLine.objects.bulk_create(lines, batch_size=1000)
    return [order.pk for order in orders]


_PLAIN = (
    "number", "placed_at", "company_id", "deal_id", "source", "currency", "discount", "tax", "shipping", "refunded",
    "coupon", "note", "cancel_reason",
)  # fmt: skip
