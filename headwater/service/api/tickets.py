"""Tickets over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Schema

from headwater.core.paging import Cursor, Limit, Next, opened, sealed

from .. import actions, queries
from ..actions import NewTicket
from ..models import Ticket, TicketEntry
from .base import refusals, router

KindName = Literal["technical", "commercial", "other"]
PriorityName = Literal["low", "normal", "high", "urgent"]
StatusName = Literal["new", "open", "pending", "solved", "closed"]


class TicketIn(Schema):
    """key: the same key opens one ticket; sent again, it answers with that one. company_id: the person's, if left
    out. queue_id: the first queue, if left out."""

    subject: str
    description: str = ""
    person_id: int | None = None
    company_id: int | None = None
    kind: KindName = "technical"
    queue_id: int | None = None
    priority: PriorityName = "normal"
    assignee_id: int | None = None
    source: str = "api"
    key: str = ""


class TicketChange(Schema):
    subject: str | None = None
    description: str | None = None
    person_id: int | None = None
    company_id: int | None = None
    kind: KindName | None = None
    queue_id: int | None = None
    status: StatusName | None = None
    priority: PriorityName | None = None
    assignee_id: int | None = None
    source: str | None = None
    version: int | None = None


class TicketOut(Schema):
    id: int
    number: str
    subject: str
    description: str
    person_id: int | None
    company_id: int | None
    kind: str
    queue_id: int
    queue: str
    status: str
    priority: str
    assignee_id: int | None
    source: str
    version: int
    created_at: datetime
    updated_at: datetime
    first_reply_at: datetime | None
    solved_at: datetime | None
    closed_at: datetime | None
    reply_due_at: datetime | None
    solution_due_at: datetime | None
    due_at: datetime | None
    overdue: bool

    @staticmethod
    def resolve_person_id(obj: Ticket) -> int | None:
        return obj.contact_id

    @staticmethod
    def resolve_queue(obj: Ticket) -> str:
        return obj.queue.name


class EntryOut(Schema):
    """Something said. kind: reply (to the contact), answer (by the contact), note (internal). refused: why the mail of
    a reply was not sent; "": it was, as the message `message_id` of the ledger."""

    id: int
    kind: str
    text: str
    actor: str
    at: datetime
    message_id: str | None
    refused: str

    @staticmethod
    def resolve_message_id(obj: TicketEntry) -> str | None:
        return str(obj.message_id) if obj.message_id else None


class WholeTicket(TicketOut):
    entries: list[EntryOut]

    @staticmethod
    def resolve_entries(obj: Ticket) -> list[TicketEntry]:
        return [spoken.entry for spoken in queries.conversation(obj)]


class TicketPage(Schema):
    items: list[TicketOut]
    next: Next


class Reply(Schema):
    """then: the status after it; a new ticket becomes open where none is named. key: the same key is said once."""

    text: str
    then: StatusName | None = None
    version: int | None = None
    key: str = ""


class Said(Schema):
    """key: the same key is said once."""

    text: str
    key: str = ""


@router.get("/tickets", response=TicketPage)
def list_tickets(
    request: HttpRequest,
    status: StatusName | None = None,
    queue_id: int | None = None,
    assignee_id: int | None = None,
    person_id: int | None = None,
    company_id: int | None = None,
    priority: PriorityName | None = None,
    kind: KindName | None = None,
    overdue: bool = False,
    q: str = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Tickets, the newest first. q: a number such as T-1042, or part of the subject or the contact's name."""
    with refusals():
        page = queries.table(
            statuses=[status] if status else [],
            queue_id=queue_id,
            assignee_id=assignee_id,
            person_id=person_id,
            company_id=company_id,
            priority=priority or "",
            kind=kind or "",
            overdue=overdue,
            text=q,
            after=opened("tickets", cursor),
            limit=limit,
        )
    return {"items": page.tickets, "next": sealed("tickets", page.next)}


@router.post("/tickets", response={201: TicketOut})
def create_ticket(request: HttpRequest, body: TicketIn) -> Any:
    """Open a ticket, once per key."""
    with refusals():
        pk = actions.create_ticket(NewTicket(**body.dict()), actor=request.actor)  # type: ignore[attr-defined]
    return 201, queries.ticket(pk)


@router.get("/tickets/{ticket_id}", response=WholeTicket)
def get_ticket(request: HttpRequest, ticket_id: int) -> Any:
    """A ticket with everything that was said in it, oldest first."""
    with refusals():
        return queries.ticket(ticket_id)


@router.patch("/tickets/{ticket_id}", response=TicketOut)
def change_ticket(request: HttpRequest, ticket_id: int, body: TicketChange) -> Any:
    """Change what is named; 409 where `version` is not the ticket's any more."""
    changes = body.dict(exclude_unset=True)
    version = changes.pop("version", None)
    if "person_id" in changes:
        changes["contact_id"] = changes.pop("person_id")
    with refusals():
        actions.update_ticket(ticket_id, actor=request.actor, version=version, **changes)  # type: ignore[attr-defined]
        return queries.ticket(ticket_id)


@router.post("/tickets/{ticket_id}/reply", response={201: EntryOut})
def reply(request: HttpRequest, ticket_id: int, body: Reply) -> Any:
    """Write to the contact by mail; `refused` says why no mail went out."""
    with refusals():
        return 201, actions.reply(ticket_id, actor=request.actor, **body.dict())  # type: ignore[attr-defined]


@router.post("/tickets/{ticket_id}/answer", response={201: EntryOut})
def answer(request: HttpRequest, ticket_id: int, body: Said) -> Any:
    """Write down what the contact said; a ticket that was pending or solved is open again."""
    with refusals():
        return 201, actions.answer(ticket_id, actor=request.actor, **body.dict())  # type: ignore[attr-defined]


@router.post("/tickets/{ticket_id}/note", response={201: EntryOut})
def note(request: HttpRequest, ticket_id: int, body: Said) -> Any:
    """A note among colleagues."""
    with refusals():
        return 201, actions.note(ticket_id, actor=request.actor, **body.dict())  # type: ignore[attr-defined]


@router.delete("/tickets/{ticket_id}", response={204: None})
def delete_ticket(request: HttpRequest, ticket_id: int) -> Any:
    """Remove a ticket that was opened by mistake."""
    with refusals():
        actions.delete_ticket(ticket_id, actor=request.actor)  # type: ignore[attr-defined]
    return 204, None
