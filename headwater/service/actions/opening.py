"""Opening tickets: once per key, any number in a constant number of statements."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.core import clock, wake
from headwater.core.actors import user_id
from headwater.people.models import Company, Contact
from headwater.teamwork.actions import NewNotification, notify
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import TicketOpened
from ..models import Ticket, TicketQueue
from ..rules import KINDS, PRIORITIES, kept_key
from .queues import ensure_queue
from .timing import Desk, settle


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket to open. person_id None: of nobody known. company_id None: the person's. queue_id None, or of a queue
    that takes none any more: the first one. key: opened once per key."""

    person_id: int | None
    subject: str
    description: str = ""
    key: str = ""
    company_id: int | None = None
    kind: str = "technical"
    queue_id: int | None = None
    priority: str = "normal"
    assignee_id: int | None = None
    source: str = ""


def create_tickets(items: Sequence[NewTicket], *, actor: str) -> list[int | None]:
    """Open tickets; records TicketOpened for each new one about a person, and rings the assignee's bell.

    Returns their ids in the order of `items`: where the key had its ticket already, that one's; None where there is no
    such person. Raises ValueError on an empty subject, an unknown kind or priority.
    """
    for item in items:
        _check(item)
    if not items:
        return []
    keys = [kept_key(item.key) or uuid.uuid4().hex for item in items]
    people = {i.person_id for i in items if i.person_id is not None}
    with in_lane(*people):
        try:
            with transaction.atomic():
                known = _open(items, keys, actor)
        except IntegrityError:  # somebody opened one with the same key at the same time
            known = _open(items, keys, actor)
    return [known.get(key) for key in keys]


def create_ticket(item: NewTicket, *, actor: str) -> int:
    """Open one ticket; returns its id. Raises ValueError, also on a missing contact, company, assignee or queue."""
    for what, model, pk in (
        ("contact", Contact, item.person_id),
        ("company", Company, item.company_id),
        ("assignee", User, item.assignee_id),
        ("queue", TicketQueue, item.queue_id),
    ):
        if pk is not None and not model.objects.filter(pk=pk).exists():
            raise ValueError(f"there is no {what} {pk}")
    (pk,) = create_tickets([item], actor=actor)
    if pk is None:
        raise ValueError(f"there is no contact {item.person_id}")
    return pk


def _check(item: NewTicket) -> None:
    if not item.subject.strip():
        raise ValueError(_("A ticket needs a subject."))
    if item.kind not in KINDS:
        raise ValueError(f"unknown kind of ticket: {item.kind!r}; one of {', '.join(KINDS)}")
    if item.priority not in PRIORITIES:
        raise ValueError(f"unknown priority: {item.priority!r}; one of {', '.join(PRIORITIES)}")


def _open(items: Sequence[NewTicket], keys: Sequence[str], actor: str) -> dict[str, int]:
    """key -> ticket, of those that were there and those made now."""
    known = dict(Ticket.objects.filter(key__in=keys).values_list("key", "pk"))
    ids = {i.person_id for i in items if i.person_id is not None}
    companies = dict(Contact.objects.filter(pk__in=ids).values_list("pk", "company_id"))
    queues = {queue.pk: queue for queue in TicketQueue.objects.filter(archived_at=None)}
    first = next(iter(queues.values()), None) or ensure_queue()
    now, desk = clock.now(), Desk()
    rows: dict[str, Ticket] = {}
    for item, key in zip(items, keys, strict=True):
        if key not in known and key not in rows and (item.person_id is None or item.person_id in companies):
            queue = queues.get(item.queue_id or 0, first)
            company = item.company_id or companies.get(item.person_id or 0)
            rows[key] = ticket = _row(item, key, queue, company, now)
            desk.set_due(ticket)
            settle(ticket, now)
    opened = Ticket.objects.bulk_create(rows.values(), batch_size=1000)
    _announce(opened, actor)
    return known | {ticket.key: ticket.pk for ticket in opened}


def _row(item: NewTicket, key: str, queue: TicketQueue, company_id: int | None, now: datetime) -> Ticket:
    return Ticket(
        subject=" ".join(item.subject.split())[:200],
        description=item.description.strip(),
        contact_id=item.person_id,
        company_id=company_id,
        kind=item.kind,
        queue=queue,
        priority=item.priority,
        assignee_id=item.assignee_id,
        source=item.source[:80],
        created_at=now,
        updated_at=now,
        key=key,
    )


def _announce(opened: Sequence[Ticket], actor: str) -> None:
    record_many(
        [
            NewFact(
                ticket.contact_id,
                TicketOpened(
                    ticket=ticket.pk,
                    number=ticket.number,
                    subject=ticket.subject,
                    ticket_kind=ticket.kind,
                    priority=ticket.priority,
                    queue=ticket.queue.name,
                    source=ticket.source,
                    assignee=ticket.assignee_id,
                ),
                actor=actor,
            )
            for ticket in opened
            if ticket.contact_id is not None
        ]
    )
    ring(opened, actor)
    if opened:
        wake.publish("tickets")


def ring(tickets: Sequence[Ticket], actor: str) -> None:
    """Tell colleagues, once per change of hands, of tickets that are theirs now."""
    notify(
        [
            NewNotification(
                ticket.assignee_id,
                f"{ticket.number} · {ticket.subject}",
                f"/tickets/{ticket.pk}/",
                f"ticket:{ticket.pk}:{ticket.assignee_id}:{ticket.version}",
                icon="life-buoy",
            )
            for ticket in tickets
            if ticket.assignee_id is not None and ticket.assignee_id != user_id(actor)
        ]
    )
