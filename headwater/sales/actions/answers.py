"""What sales answers to a lead: accept, or return with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from headwater.core import clock, wake
from headwater.core.actors import user_id
from headwater.people import actions as people
from headwater.people.models import Stage
from headwater.teamwork import actions as teamwork
from headwater.timeline.actions import in_lane, record

from ..facts import LeadAccepted, LeadReturned
from ..models import Deal, LeadHandover
from ..rules import BELOW_MQL, RETURNED, minutes_between
from .outcomes import lose_deal


@contextmanager
def _locked(handover_id: int) -> Iterator[LeadHandover]:
    person = LeadHandover.objects.values_list("contact_id", flat=True).get(pk=handover_id)
    with in_lane(person):
        yield LeadHandover.objects.select_for_update(of=("self",)).select_related("contact").get(pk=handover_id)


def accept_lead(handover_id: int, *, actor: str) -> LeadHandover:
    """Sales takes the lead: stage SQL; a lead without an owner gets the one who accepts.

    Accepting twice changes nothing. Raises LeadHandover.DoesNotExist, ValueError where the lead went back.
    """
    with _locked(handover_id) as row:
        if row.status == LeadHandover.ACCEPTED:
            return row
        if row.status == LeadHandover.RETURNED:
            raise ValueError(_("This lead went back to marketing."))
        _accept(row, actor)
    return row


def accept_open(person_id: int, *, actor: str) -> None:
    """Accept the open hand-over of a person, if there is one (a deal that was won was accepted)."""
    row = LeadHandover.objects.select_related("contact").filter(contact_id=person_id, status=LeadHandover.OPEN).first()
    if row is not None:
        accept_lead(row.pk, actor=actor)


def _accept(row: LeadHandover, actor: str) -> None:
    row.status, row.answered_at = LeadHandover.ACCEPTED, clock.now()
    me = user_id(actor)
    if row.owner_id is None and me is not None:
        row.owner_id = me
        people.set_owner([row.contact_id], me, reason="accepted the lead", actor=actor)
        Deal.objects.filter(pk=row.deal_id or 0, owner=None).update(owner_id=me)
    row.save(update_fields=["status", "answered_at", "owner"])
    fact = LeadAccepted(
        handover=row.pk,
        owner=row.owner_id,
        minutes=minutes_between(row.created_at, row.answered_at),
        in_time=row.answered_at <= row.sla_due_at,
        deal=row.deal_id,
    )
    record(row.contact_id, fact, actor=actor)
    if row.contact.stage in (*BELOW_MQL, Stage.MQL):
        people.set_stage([row.contact_id], Stage.SQL, reason="accepted by sales", actor=actor)
    wake.publish("board", "tasks")


def return_lead(handover_id: int, reason: str, *, actor: str) -> LeadHandover:
    """Sales sends the lead back, with the reason: stage lead again, her deal lost as "returned to marketing".

    Raises LeadHandover.DoesNotExist, ValueError without a reason or where the lead was answered already.
    """
    reason = reason.strip()[:300]
    if not reason:
        raise ValueError(_("Say why the lead goes back."))
    with _locked(handover_id) as row:
        if row.status != LeadHandover.OPEN:
            raise ValueError(_("This lead was answered already."))
        row.status, row.answered_at, row.return_reason = LeadHandover.RETURNED, clock.now(), reason
        row.save(update_fields=["status", "answered_at", "return_reason"])
        fact = LeadReturned(
            handover=row.pk,
            reason=reason,
            owner=row.owner_id,
            minutes=minutes_between(row.created_at, row.answered_at),
            deal=row.deal_id,
        )
        record(row.contact_id, fact, actor=actor)
        if row.contact.stage in (Stage.MQL, Stage.SQL):
            people.set_stage([row.contact_id], Stage.LEAD, reason=f"returned by sales: {reason}", actor=actor)
        _close_deal(row, actor)
        wake.publish("board", "tasks")
    return row


def _close_deal(row: LeadHandover, actor: str) -> None:
    """End the deal that the hand-over opened; one that ran before it goes on."""
    deal = Deal.objects.select_related("stage").filter(pk=row.deal_id or 0, stage__kind="open").first()
    if deal is None:
        return
    if deal.created_at >= row.created_at:
        lose_deal(deal.pk, RETURNED, actor=actor)
    else:
        teamwork.close_task_by_key(f"handover:{row.pk}", outcome=RETURNED)
