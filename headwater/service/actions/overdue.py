"""Saying that a ticket is overdue, once, at the second in which it is."""

from __future__ import annotations

from datetime import datetime

from headwater.core import clock
from headwater.core.actors import SYSTEM
from headwater.teamwork.actions import NewNotification, notify
from headwater.timeline.actions import NewFact, record_many

from ..facts import TicketOverdue
from ..models import Ticket
from .changing import locked, save
from .timing import settle

BATCH = 200


def tell_overdue() -> int:
    """Record TicketOverdue for a batch of tickets whose clock has ended, and ring their assignees' bells. Returns how
    many were due. Safe to run at the same time: the tickets are locked, and looked at again then."""
    now = clock.now()
    ids = list(Ticket.objects.filter(alarm_at__lte=now).order_by("alarm_at").values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    with locked(ids) as tickets:
        facts: list[NewFact] = []
        bells: list[NewNotification] = []
        late = []
        for ticket in tickets:
            if ticket.alarm_at is None or ticket.alarm_at > now:
                continue  # another worker was faster, or somebody answered
            for what, due in _ended(ticket, now):
                facts += _fact(ticket, what, due)
                bells += _bell(ticket, what, due)
            settle(ticket, now)
            late.append(ticket)
        save(late)
        record_many(facts)
        notify(bells)
    return len(ids)


def _ended(ticket: Ticket, now: datetime) -> list[tuple[str, datetime]]:
    """Mark the clocks of a ticket that have ended as told; which they are, and when they ended."""
    found = []
    unanswered = ticket.first_reply_at is None and not ticket.reply_late
    if unanswered and ticket.reply_due_at is not None and ticket.reply_due_at <= now:
        ticket.reply_late = True
        found.append(("reply", ticket.reply_due_at))
    if ticket.solution_due_at is not None and not ticket.solution_late and ticket.solution_due_at <= now:
        ticket.solution_late = True
        found.append(("solution", ticket.solution_due_at))
    return found


def _fact(ticket: Ticket, what: str, due: datetime) -> list[NewFact]:
    if ticket.contact_id is None:
        return []
    fact = TicketOverdue(ticket=ticket.pk, number=ticket.number, subject=ticket.subject, what=what, due=due.isoformat())
    return [NewFact(ticket.contact_id, fact, max(due, ticket.updated_at), actor=SYSTEM)]


def _bell(ticket: Ticket, what: str, due: datetime) -> list[NewNotification]:
    if ticket.assignee_id is None:
        return []
    text, key = f"{ticket.number} · {ticket.subject}", f"ticket:{ticket.pk}:late:{what}:{due.isoformat()}"
    return [NewNotification(ticket.assignee_id, text, f"/tickets/{ticket.pk}/", key, icon="triangle-alert")]
