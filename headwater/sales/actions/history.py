"""Deals and hand-overs of the past, in bulk, for imports and sample data: rows only, no facts and no effects."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from ..models import Deal, DealStageChange, LeadHandover, PipelineStage
from ..rules import STEP
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
