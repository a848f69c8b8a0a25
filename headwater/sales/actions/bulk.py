"""Deals of many people at once, and whose turn it is: what automation needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction

from headwater.accounts.models import User, Workspace
from headwater.core import clock, wake
from headwater.people.models import Contact
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import DealMoved
from ..models import Deal, DealStageChange, PipelineStage, SalesDesk
from ..rules import STEP, deal_name, rotate
from .deals import check_amount, created, created_fact
from .pipelines import ensure_pipeline, first_stage
from .places import top_of


@dataclass(frozen=True, slots=True)
class NewDeal:
    """A deal to open. name "": of company and person. owner_id None: the person's own. key: opened once."""

    person_id: int
    key: str
    name: str = ""
    amount: Decimal | None = None
    owner_id: int | None = None
    expected_close: date | None = None


def create_deals(items: Sequence[NewDeal], *, stage_id: int | None, source: str, actor: str) -> list[int | None]:
    """Open deals in a stage (None: the first), in a constant number of statements.

    Returns the new deals' ids, None where there is no such person or the key had its deal already. Raises ValueError
    on a stage that is not open or an amount that cannot be.
    """
    currency = Workspace.objects.values_list("currency", flat=True).get(pk=1)
    for item in items:
        check_amount(item.amount, currency)
    first = first_stage(ensure_pipeline()).pk if stage_id is None else stage_id
    stage = PipelineStage.objects.select_related("pipeline").filter(pk=first, kind="open").first()
    if stage is None:
        raise ValueError("a new deal begins in an open stage")
    with in_lane(*{i.person_id for i in items}):
        now = clock.now()
        people = Contact.objects.select_related("company").in_bulk({i.person_id for i in items})
        known = set(Deal.objects.filter(key__in=[i.key for i in items]).values_list("key", flat=True))
        top = top_of(stage.pk)
        rows: list[Deal | None] = []
        for n, item in enumerate(items):
            person = people.get(item.person_id)
            if person is None or item.key in known:
                rows.append(None)
                continue
            known.add(item.key)
            company = person.company.name if person.company else ""
            rows.append(
                Deal(
                    name=deal_name(item.name, company, str(person))[:200],
                    contact=person,
                    company_id=person.company_id,
                    owner_id=item.owner_id or person.owner_id,
                    amount=item.amount,
                    currency=currency,
                    pipeline=stage.pipeline,
                    stage=stage,
                    position=top - n * STEP,
                    expected_close=item.expected_close,
                    source=source[:80],
                    created_at=now,
                    stage_at=now,
                    updated_at=now,
                    key=item.key,
                )
            )
        new = Deal.objects.bulk_create([row for row in rows if row is not None])
        created(new, actor=actor, at=now, record_facts=False)
        record_many([NewFact(d.contact_id, created_fact(d), now, actor=actor) for d in new if d.contact_id is not None])
    return [row.pk if row is not None else None for row in rows]


def move_deals(person_ids: Sequence[int], stage_id: int, *, actor: str) -> dict[int, int]:
    """Put each person's newest open deal of the stage's pipeline into that stage, at the top.

    Returns person -> deal of those that moved; the others have no open deal there, or it stands there already. Raises
    ValueError on a stage that is not open: deals are won and lost by people.
    """
    stage = PipelineStage.objects.filter(pk=stage_id, kind="open").first()
    if stage is None:
        raise ValueError("deals are moved to open stages")
    if not person_ids:
        return {}
    with in_lane(*set(person_ids)):
        now = clock.now()
        running = Deal.objects.select_for_update(of=("self",)).select_related("stage")
        newest: dict[int, Deal] = {}
        found = running.filter(contact_id__in=person_ids, pipeline_id=stage.pipeline_id, stage__kind="open")
        for deal in found.order_by("created_at", "pk"):
            newest[deal.contact_id or 0] = deal
        moving = [deal for deal in newest.values() if deal.stage_id != stage.pk]
        top = top_of(stage.pk)
        changes, facts = [], []
        for n, deal in enumerate(moving):
            changes.append(DealStageChange(deal=deal, before_id=deal.stage_id, after=stage, at=now, actor=actor))
            fact = DealMoved(deal=deal.pk, name=deal.name, before=deal.stage.name, after=stage.name, stage=stage.pk)
            facts.append(NewFact(deal.contact_id or 0, fact, now, actor=actor))
            deal.stage, deal.position, deal.stage_at, deal.updated_at = stage, top - n * STEP, now, now
            deal.version += 1
        Deal.objects.bulk_update(moving, ["stage", "position", "stage_at", "updated_at", "version"])
        DealStageChange.objects.bulk_create(changes)
        record_many(facts)
        if moving:
            wake.publish("board", *(f"deal:{deal.pk}" for deal in moving[:20]))
    return {deal.contact_id or 0: deal.pk for deal in moving}


def take_turns(count: int) -> list[int]:
    """The users who take the next `count` leads, in turn; none where nobody takes leads."""
    with transaction.atomic():
        SalesDesk.objects.get_or_create(pk=1)
        desk = SalesDesk.objects.select_for_update().get(pk=1)
        takers = list(User.objects.filter(is_active=True, takes_leads=True).order_by("pk").values_list("pk", flat=True))
        turn, desk.last_taker = rotate(takers, desk.last_taker, count)
        if turn:
            desk.save(update_fields=["last_taker"])
    return turn
