"""{"ticket": [{"field": "status", "op": "eq", "value": "open"}, {"field": "overdue", "op": "eq", "value": true}]}: the
person has a ticket that meets all of these, in segments and wherever else conditions are asked."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.audience.compiler.nodes import leaf
from headwater.audience.compiler.records import RecordField, RecordsLeaf

from .models import Kind, Priority, Status, TicketQueue


def _queues() -> list[tuple[Any, Any]]:
    return [(queue.name, queue.label) for queue in TicketQueue.objects.all()]


def _users() -> list[tuple[Any, Any]]:
    return [(u.pk, u.name) for u in User.objects.filter(is_active=True).order_by("first_name", "last_name", "pk")]


#: From the opening of a ticket to another of its moments
_MINUTES = "(extract(epoch FROM t.{} - t.created_at) / 60)"


def _yes_or_no() -> list[tuple[Any, Any]]:
    return [(True, _("yes")), (False, _("no"))]


@leaf("ticket")
class TicketLeaf(RecordsLeaf):
    """Tickets of which she is the contact (not those of her company's other people)."""

    label = _("a ticket")
    editor = {"label": _("Ticket"), "icon": "life-buoy"}
    table = "service_ticket t JOIN service_ticketqueue tq ON tq.id = t.queue_id"
    person = "t.contact_id"
    name = "'T-' || t.id || ' · ' || t.subject || ' · ' || t.status"
    fields = {
        "status": RecordField(_("Status"), "choice", "t.status", lambda: list(Status.choices)),
        "kind": RecordField(_("Kind"), "choice", "t.kind", lambda: list(Kind.choices)),
        "queue": RecordField(_("Queue"), "choice", "tq.name", _queues),
        "priority": RecordField(_("Priority"), "choice", "t.priority", lambda: list(Priority.choices)),
        "subject": RecordField(_("Subject"), "text", "t.subject"),
        "number": RecordField(_("Number"), "text", "'T-' || t.id"),
        "assignee": RecordField(_("Assignee"), "user", "t.assignee_id", _users),
        "source": RecordField(_("Source"), "text", "t.source"),
        "overdue": RecordField(_("Overdue"), "boolean", "t.overdue::text", _yes_or_no),
        "due_at": RecordField(_("Due"), "datetime", "t.due_at"),
        "created_at": RecordField(_("Created"), "datetime", "t.created_at"),
        "first_reply_at": RecordField(_("First reply"), "datetime", "t.first_reply_at"),
        "solved_at": RecordField(_("Solved"), "datetime", "t.solved_at"),
        "reply_minutes": RecordField(_("Minutes to the first reply"), "number", _MINUTES.format("first_reply_at")),
        "solution_minutes": RecordField(_("Minutes to the solution"), "number", _MINUTES.format("solved_at")),
        "closed_at": RecordField(_("Closed"), "datetime", "t.closed_at"),
    }
    kinds = (
        "ticket.opened", "ticket.replied", "ticket.answered", "ticket.status_changed", "ticket.solved",
        "ticket.reopened", "ticket.assigned", "ticket.overdue", "ticket.updated",
    )  # fmt: skip
