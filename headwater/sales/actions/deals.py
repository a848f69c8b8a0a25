"""Deals: create, change, move. Who writes names the version that he saw; another one meanwhile wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from headwater.accounts.models import User, Workspace
from headwater.core import clock, wake
from headwater.core.money import CURRENCIES, MAX_AMOUNT
from headwater.people.models import Company, Contact
from headwater.timeline.actions import NewFact, in_lane, record, record_many

from ..facts import DealCreated, DealMoved, DealUpdated
from ..models import Deal, DealStageChange, Order, PipelineStage
from .archive import check_usable
from .pipelines import ensure_pipeline, first_stage
from .places import place, top_of

EDITABLE = {"name", "amount", "currency", "owner_id", "contact_id", "company_id", "expected_close", "source"}


class Stale(Exception):
    """Somebody else changed the deal or order since the version that was named. `.record` is as it stands now."""

    def __init__(self, record: Deal | Order) -> None:
        super().__init__(f"{record._meta.model_name} {record.pk} is at version {record.version}")
        self.record = record


@contextmanager
def locked(deal_id: int, version: int | None = None, *others: int) -> Iterator[Deal]:
    """The deal, locked, inside its person's lane (and those of `others`). Raises Deal.DoesNotExist, or Stale on
    another version."""
    person = Deal.objects.values_list("contact_id", flat=True).get(pk=deal_id)
    with in_lane(*others, *([person] if person is not None else [])):
        deal = (
            Deal.objects.select_for_update(of=("self",)).select_related("stage", "pipeline", "contact").get(pk=deal_id)
        )
        if deal.contact_id != person or (version is not None and deal.version != version):
            raise Stale(deal)
        yield deal


def lanes_of_winning(deal_id: int, stage_id: int | None = None) -> list[int]:
    """Whose lanes a win will need beside its person's: a company that becomes a customer tells all its people, and
    lanes are taken all at once. Nobody's where `stage_id` is given and no won stage."""
    if stage_id is not None and not PipelineStage.objects.filter(pk=stage_id, kind="won").exists():
        return []
    company = Deal.objects.filter(pk=deal_id, company__isnull=False).values_list("company_id", "company__roles").first()
    if company is None or "customer" in company[1]:
        return []
    return list(Contact.objects.filter(company_id=company[0]).values_list("pk", flat=True))


def check_amount(amount: Decimal | None, currency: str) -> None:
    """Raises ValueError on an amount that no deal can have, or a currency that we do not know."""
    if amount is not None and not (amount.is_finite() and 0 <= amount <= MAX_AMOUNT):
        raise ValueError("amount out of range")
    if currency not in CURRENCIES:
        raise ValueError(f"unknown currency: {currency}")


def check_exist(*, contact_id: int | None = None, company_id: int | None = None, owner_id: int | None = None) -> None:
    """Raise ValueError where a deal would name a contact, company or user that is not there."""
    for what, model, pk in (
        ("contact", Contact, contact_id),
        ("company", Company, company_id),
        ("owner", User, owner_id),
    ):
        if pk is not None and not model.objects.filter(pk=pk).exists():
            raise ValueError(f"there is no {what} {pk}")


def create_deal(
    *,
    actor: str,
    name: str,
    person_id: int | None = None,
    company_id: int | None = None,
    owner_id: int | None = None,
    amount: Decimal | None = None,
    currency: str = "",
    stage_id: int | None = None,
    expected_close: date | None = None,
    source: str = "",
    key: str | None = None,
) -> int:
    """Open a deal at the top of a stage (the first open one of the first pipeline, if none is named).

    Records DealCreated on the contact. key: the same key makes one deal. Returns the deal's id. Raises ValueError on
    an empty name, an amount that cannot be, an unknown currency, a stage that is not open, or a missing record.
    """
    name = name.strip()[:200]
    if not name:
        raise ValueError(_("A deal needs a name."))
    currency = currency or Workspace.objects.values_list("currency", flat=True).get(pk=1)
    check_amount(amount, currency)
    check_exist(contact_id=person_id, company_id=company_id, owner_id=owner_id)
    stage = PipelineStage.objects.filter(pk=stage_id).first() if stage_id else first_stage(ensure_pipeline())
    if stage is None or stage.kind != "open":
        raise ValueError(_("A new deal begins in an open stage."))
    with in_lane(*([person_id] if person_id is not None else [])):
        check_usable(stage.pk)
        now = clock.now()
        wanted = {
            "name": name,
            "contact_id": person_id,
            "company_id": company_id,
            "owner_id": owner_id,
            "amount": amount,
            "currency": currency,
            "pipeline_id": stage.pipeline_id,
            "stage": stage,
            "position": top_of(stage.pk),
            "expected_close": expected_close,
            "source": source[:80],
            "created_at": now,
            "stage_at": now,
            "updated_at": now,
        }
        if key is None:
            deal, made = Deal.objects.create(**wanted), True
        else:
            deal, made = Deal.objects.get_or_create(key=key, defaults=wanted)
        if made:
            created([deal], actor=actor, at=now)
    return deal.pk


def created(deals: Sequence[Deal], *, actor: str, at: datetime, record_facts: bool = True) -> None:
    """What follows from new deals: their first stage in the history, the fact, the open boards."""
    DealStageChange.objects.bulk_create(
        DealStageChange(deal=d, before=None, after_id=d.stage_id, at=at, actor=actor) for d in deals
    )
    if record_facts:
        for deal in deals:
            if deal.contact_id is not None:
                record(deal.contact_id, created_fact(deal), actor=actor)
    wake.publish("board")


def created_fact(deal: Deal) -> DealCreated:
    return DealCreated(
        deal=deal.pk,
        name=deal.name,
        amount=str(deal.amount) if deal.amount is not None else "",
        currency=deal.currency,
        pipeline=deal.stage.pipeline.name,
        stage=deal.stage.name,
    )


def update_deal(deal_id: int, *, actor: str, version: int | None = None, **changes: Any) -> Deal:
    """Change name, amount, currency, owner_id, contact_id, company_id, expected_close or source.

    Returns the deal. Raises Deal.DoesNotExist, Stale, ValueError.
    """
    if unknown := set(changes) - EDITABLE:
        raise ValueError(f"a deal has no {', '.join(sorted(unknown))}")
    if "name" in changes and not str(changes["name"]).strip():
        raise ValueError(_("A deal needs a name."))
    check_exist(**{name: changes[name] for name in ("contact_id", "company_id", "owner_id") if name in changes})
    others = [changes["contact_id"]] if changes.get("contact_id") else []
    with locked(deal_id, version, *others) as deal:
        before = {field: getattr(deal, field) for field in changes}
        people = {deal.contact_id}
        for field, value in changes.items():
            setattr(deal, field, value)
        check_amount(deal.amount, deal.currency)
        deal.version += 1
        deal.updated_at = clock.now()
        deal.save(update_fields=[*changes, "version", "updated_at"])
        told = {f: [_plain(before[f]), _plain(v)] for f, v in changes.items() if before[f] != v}
        if told:
            _tell_people(deal, people | {deal.contact_id}, told, actor)
        wake.publish("board", f"deal:{deal.pk}", *_person(deal))
    return deal


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _tell_people(deal: Deal, people: set[int | None], changes: dict[str, list[str]], actor: str) -> None:
    fact = DealUpdated(deal=deal.pk, name=deal.name, changes=changes)
    record_many([NewFact(p, fact, actor=actor) for p in sorted(p for p in people if p is not None)])


def move_deal(
    deal_id: int,
    stage_id: int,
    *,
    version: int | None,
    actor: str,
    before_id: int | None = None,
    reason: str = "",
) -> Deal:
    """Put a deal into a stage of its pipeline, above the card `before_id` (None: at the end).

    A won stage wins the deal, a lost one loses it (and needs `reason`). Returns the deal. Raises Deal.DoesNotExist,
    Stale where its version is another one now, ValueError on a stage of another pipeline or a missing reason.
    """
    from .outcomes import lost, won  # they need what is defined here

    with locked(deal_id, version, *lanes_of_winning(deal_id, stage_id)) as deal:
        stage = PipelineStage.objects.filter(pk=stage_id, pipeline_id=deal.pipeline_id).first()
        if stage is None:
            raise ValueError(_("That stage belongs to another pipeline."))
        if stage.kind == "lost" and deal.stage_id != stage.pk and not reason.strip():
            raise ValueError(_("A lost deal needs a reason."))
        before = deal.stage
        check_usable(stage.pk)
        deal.position = place(deal, stage.pk, before_id)
        put(deal, stage, actor=actor)
        if stage.pk != before.pk:
            if stage.kind == "won":
                won(deal, actor=actor)
            elif stage.kind == "lost":
                lost(deal, reason, actor=actor)
            elif deal.contact_id is not None:
                fact = DealMoved(deal=deal.pk, name=deal.name, before=before.name, after=stage.name, stage=stage.pk)
                record(deal.contact_id, fact, actor=actor)
        wake.publish("board", f"deal:{deal.pk}")
    return deal


def put(deal: Deal, stage: PipelineStage, *, actor: str) -> None:
    """Write a locked deal's new stage and position, and the change into its history."""
    now = clock.now()
    if stage.pk != deal.stage_id:
        DealStageChange.objects.create(deal=deal, before_id=deal.stage_id, after=stage, at=now, actor=actor)
        deal.stage_at = now
        deal.won_at = now if stage.kind == "won" else None
        deal.lost_at = now if stage.kind == "lost" else None
        if stage.kind != "lost":
            deal.lost_reason = ""
    deal.stage = stage
    deal.version += 1
    deal.updated_at = now
    deal.save()


def delete_deal(deal_id: int, *, actor: str) -> None:
    """Remove a deal that was opened by mistake; what its timeline says stays. Raises Deal.DoesNotExist."""
    with locked(deal_id) as deal:
        pk, person = deal.pk, _person(deal)
        _tell_people(deal, {deal.contact_id}, {"deleted": ["", "true"]}, actor)
        deal.delete()
        wake.publish("board", f"deal:{pk}", *person)


def _person(deal: Deal) -> list[str]:
    return [f"person:{deal.contact_id}"] if deal.contact_id is not None else []
