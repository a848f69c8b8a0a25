"""How a deal ends."""

from __future__ import annotations

from django.utils.translation import gettext as _

from headwater.core import wake
from headwater.people import actions as people
from headwater.people.models import Contact, Stage
from headwater.teamwork import actions as teamwork
from headwater.timeline.actions import record

from ..facts import DealLost, DealWon
from ..models import Deal, LeadHandover, PipelineStage
from .deals import lanes_of_winning, locked, put
from .places import top_of


def win_deal(deal_id: int, *, actor: str, version: int | None = None) -> Deal:
    """Win a deal: the pipeline's won stage, the contact a customer, the company with the role.

    A deal that is won already stays as it is. Raises Deal.DoesNotExist, Stale.
    """
    with locked(deal_id, version, *lanes_of_winning(deal_id)) as deal:
        if deal.stage.kind != "won":
            stage = _end(deal, "won")
            deal.position = top_of(stage.pk)
            put(deal, stage, actor=actor)
            won(deal, actor=actor)
            wake.publish("board", f"deal:{deal.pk}")
    return deal


def lose_deal(deal_id: int, reason: str, *, actor: str, version: int | None = None) -> Deal:
    """Lose a deal, with the reason. Raises ValueError without one, Deal.DoesNotExist, Stale."""
    if not reason.strip():
        raise ValueError(_("A lost deal needs a reason."))
    with locked(deal_id, version) as deal:
        if deal.stage.kind != "lost":
            stage = _end(deal, "lost")
            deal.position = top_of(stage.pk)
            put(deal, stage, actor=actor)
            lost(deal, reason, actor=actor)
            wake.publish("board", f"deal:{deal.pk}")
    return deal


def _end(deal: Deal, kind: str) -> PipelineStage:
    stage = PipelineStage.objects.filter(pipeline_id=deal.pipeline_id, kind=kind).first()
    if stage is None:
        raise ValueError(f"pipeline {deal.pipeline.name} has no stage of kind {kind}")
    return stage


def won(deal: Deal, *, actor: str) -> None:
    """What follows from a deal that was just put into a won stage (locked, in its person's lane)."""
    assert deal.won_at is not None
    if deal.contact_id is not None:
        amount = str(deal.amount) if deal.amount is not None else ""
        record(
            deal.contact_id,
            DealWon(deal=deal.pk, name=deal.name, amount=amount, currency=deal.currency),
            actor=actor,
        )
        if LeadHandover.objects.filter(contact_id=deal.contact_id, deal=deal, status=LeadHandover.OPEN).exists():
            from .answers import accept_open

            accept_open(deal.contact_id, actor=actor)
        people.set_stage([deal.contact_id], Stage.CUSTOMER, reason=f"won {deal.name}", actor=actor)
        contact = Contact.objects.only("customer_since").get(pk=deal.contact_id)
        if contact.customer_since is None:
            people.update_contact(deal.contact_id, actor=actor, customer_since=deal.won_at.date())
    if deal.company_id is not None:
        people.make_customers([deal.company_id], actor=actor)
    teamwork.close_tasks(deal_ids=[deal.pk], outcome="deal won", actor=actor)


def lost(deal: Deal, reason: str, *, actor: str) -> None:
    """What follows from a deal that was just put into a lost stage (locked, in its person's lane)."""
    deal.lost_reason = reason.strip()[:200]
    deal.save(update_fields=["lost_reason"])
    if deal.contact_id is not None:
        fact = DealLost(
            deal=deal.pk,
            name=deal.name,
            reason=deal.lost_reason,
            amount=str(deal.amount) if deal.amount is not None else "",
            currency=deal.currency,
        )
        record(deal.contact_id, fact, actor=actor)
    teamwork.close_tasks(deal_ids=[deal.pk], outcome="deal lost", actor=actor)
