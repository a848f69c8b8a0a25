"""Tickets of the past, in bulk, for imports and sample data: rows only, no facts, mails and effects."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from headwater.core import clock

from ..models import Ticket, TicketEntry, TicketQueue
from ..rules import ENDED
from .queues import ensure_queue
from .timing import Desk, settle


@dataclass(frozen=True, slots=True)
class EntrySeed:
    """Something said in the past. kind: "reply", "answer" or "note"."""

    kind: str
    text: str
    at: datetime
    actor: str = "system"


@dataclass(frozen=True, slots=True)
class TicketSeed:
    """A ticket of the past, as it stands now. ended_at: when it was solved (status "solved" or "closed"), or since when
    it waits ("pending")."""

    subject: str
    created_at: datetime
    description: str = ""
    person_id: int | None = None
    company_id: int | None = None
    kind: str = "technical"
    queue_id: int | None = None
    status: str = "new"
    priority: str = "normal"
    assignee_id: int | None = None
    source: str = ""
    ended_at: datetime | None = None
    entries: Sequence[EntrySeed] = field(default=())
    key: str = ""


def import_tickets(seeds: Sequence[TicketSeed]) -> list[int]:
    """Write tickets with what was said in them, 1,000 a statement; their clocks are as they would have been, and what
    was late is marked without a fact. Returns their ids in order. Raises IntegrityError on a key that is there."""
    first = ensure_queue()
    queues = TicketQueue.objects.in_bulk({s.queue_id for s in seeds if s.queue_id is not None})
    desk = Desk()
    with transaction.atomic():
        tickets = Ticket.objects.bulk_create(
            [_row(seed, queues.get(seed.queue_id or 0, first), desk) for seed in seeds], batch_size=1000
        )
        TicketEntry.objects.bulk_create(
            [
                TicketEntry(ticket=t, kind=e.kind, text=e.text, at=e.at, actor=e.actor, key=uuid.uuid4().hex)
                for t, seed in zip(tickets, seeds, strict=True)
                for e in seed.entries
            ],
            batch_size=1000,
        )
    return [ticket.pk for ticket in tickets]


def _row(seed: TicketSeed, queue: TicketQueue, desk: Desk) -> Ticket:
    now, last = clock.now(), seed.ended_at or seed.created_at
    ticket = Ticket(
        subject=seed.subject[:200],
        description=seed.description,
        contact_id=seed.person_id,
        company_id=seed.company_id,
        kind=seed.kind,
        queue=queue,
        priority=seed.priority,
        assignee_id=seed.assignee_id,
        source=seed.source[:80],
        created_at=seed.created_at,
        updated_at=max([last, *(e.at for e in seed.entries)]),
        key=seed.key or uuid.uuid4().hex,
    )
    desk.set_due(ticket)
    replies = [e.at for e in seed.entries if e.kind == TicketEntry.REPLY]
    ticket.first_reply_at = min(replies, default=None)
    until = last if seed.status in ENDED else now
    ticket.reply_late = ticket.reply_due_at is not None and ticket.reply_due_at < (ticket.first_reply_at or until)
    ticket.solution_late = ticket.solution_due_at is not None and ticket.solution_due_at < until
    if seed.status != "new":
        desk.goes_to(ticket, seed.status, last)
        desk.set_due(ticket)
    settle(ticket, now)
    return ticket
