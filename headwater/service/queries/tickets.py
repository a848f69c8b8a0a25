"""Tickets: one with what was said in it, lists by filter, what waits for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Upper

from headwater.accounts import queries as accounts
from headwater.core import clock
from headwater.core.prepared import Prepared
from headwater.messaging.models import Message
from headwater.messaging.queries import ledger

from ..models import Ticket, TicketEntry, TicketQueue
from ..rules import ACTIVE, id_in

#: Orders of the list: name in the address -> columns. The id makes each of them a total order.
SORTS = {"created": "-created_at", "due": "due_at"}
_PERSON = ("contact", "contact__company", "company", "assignee", "queue")


def queues(*, archived: bool = False) -> list[TicketQueue]:
    """Queues in their order; those that take no tickets any more only where they are asked for."""
    rows = TicketQueue.objects.all()
    return list(rows if archived else rows.filter(archived_at=None))


def queue(queue_id: int) -> TicketQueue:
    """Raises TicketQueue.DoesNotExist."""
    return TicketQueue.objects.get(pk=queue_id)


def statuses() -> dict[int, int]:
    """queue id -> how many tickets of it somebody still has to do with."""
    return dict(Ticket.objects.filter(status__in=ACTIVE).values_list("queue_id").annotate(n=Count("*")))


def ticket(ticket_id: int) -> Ticket:
    """A ticket with all that its page names. Raises Ticket.DoesNotExist."""
    return Ticket.objects.select_related(*_PERSON).get(pk=ticket_id)


@dataclass(frozen=True)
class TicketPage:
    """Some tickets, and the cursor of the next page ("" on the last one)."""

    tickets: list[Ticket]
    next: str


def table(
    *,
    statuses: Sequence[str] = (),
    queue_id: int | None = None,
    assignee_id: int | None = None,
    nobody: bool = False,
    priority: str = "",
    kind: str = "",
    overdue: bool = False,
    person_id: int | None = None,
    company_id: int | None = None,
    text: str = "",
    sort: str = "created",
    after: str = "",
    limit: int = 50,
) -> TicketPage:
    """Tickets, a page at a time: the newest first, or (sort="due") those whose clock ends first; without a running
    clock they are not in that order. nobody: without assignee. Raises ValueError on a malformed cursor."""
    rows = _text(Ticket.objects.select_related(*_PERSON), text)
    given: dict[str, Any] = {
        "queue_id": queue_id,
        "assignee_id": assignee_id,
        "priority": priority or None,
        "kind": kind or None,
        "contact_id": person_id,
        "company_id": company_id,
    }
    rows = rows.filter(**{name: value for name, value in given.items() if value is not None})
    if statuses:
        rows = rows.filter(status__in=list(statuses))
    if nobody:
        rows = rows.filter(assignee=None)
    if overdue:
        rows = rows.filter(due_at__lte=clock.now())
    by_due = sort == "due"
    if by_due:
        rows = rows.filter(due_at__isnull=False)
    if after:
        rows = _beyond(rows, after, by_due)
    order = ("due_at", "id") if by_due else ("-created_at", "-id")
    found = list(rows.order_by(*order)[: limit + 1])
    shown = found[:limit]
    if len(found) <= limit:
        return TicketPage(shown, "")
    last = shown[-1]
    return TicketPage(shown, f"{(last.due_at if by_due else last.created_at).isoformat()}~{last.pk}")  # type: ignore[union-attr]


def _beyond(rows: QuerySet[Ticket], cursor: str, by_due: bool) -> QuerySet[Ticket]:
    at, _tilde, pk = cursor.partition("~")
    try:
        moment, last = datetime.fromisoformat(at), int(pk)
    except ValueError as error:
        raise ValueError(f"not a cursor of tickets: {cursor!r}") from error
    if moment.tzinfo is None or abs(last) >= 2**63:
        raise ValueError(f"not a cursor of tickets: {cursor!r}")
    if by_due:
        return rows.filter(Q(due_at__gt=moment) | Q(due_at=moment, pk__gt=last), due_at__gte=moment)
    return rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=last), created_at__lte=moment)


def _text(rows: QuerySet[Ticket], text: str) -> QuerySet[Ticket]:
    """Tickets whose number the text is, or whose subject or person's name holds it."""
    said = text.strip()
    if not said:
        return rows
    number = id_in(said)
    rows = rows.annotate(shout=Upper("subject"), called=Upper("contact__name"))
    holds = Q(shout__contains=said.upper()) | Q(called__contains=said.upper())
    return rows.filter(holds | Q(pk=number) if number is not None else holds)


_of_contact = Prepared(
    lambda pk: Ticket.objects.select_related("queue").filter(contact_id=pk).order_by("-created_at")[:50]
)


def of_contact(person_id: int, limit: int = 10) -> list[Ticket]:
    """A person's tickets: those somebody has to do with first, then the newest."""
    return sorted(_of_contact(person_id), key=lambda t: t.status not in ACTIVE)[:limit]


def of_company(company_id: int, limit: int = 20) -> list[Ticket]:
    """A company's tickets: those somebody has to do with first, then the newest."""
    rows = Ticket.objects.select_related("queue", "contact").filter(company_id=company_id).order_by("-created_at")[:50]
    return sorted(rows, key=lambda t: t.status not in ACTIVE)[:limit]


def waiting(user_id: int, limit: int = 30) -> list[Ticket]:
    """Tickets of a user that wait for her: new and open, those whose clock ends first at the top."""
    rows = Ticket.objects.select_related("contact", "contact__company", "company").filter(
        assignee_id=user_id, status__in=("new", "open")
    )
    return list(rows.order_by("due_at", "created_at", "pk")[:limit])


def waiting_count(user_id: int) -> int:
    """How many tickets wait for a user; at most 100 are counted."""
    rows = Ticket.objects.filter(assignee_id=user_id, status__in=("new", "open"))
    return rows[:100].count()


def search(text: str, limit: int) -> list[Ticket]:
    """Tickets of this number, or whose subject or person's name holds the text, the newest first."""
    rows = _text(Ticket.objects.select_related("contact", "company"), text)
    return list(rows.order_by("-created_at")[:limit])


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something said in a ticket, with who said it and, for a reply, the mail that carried it."""

    entry: TicketEntry
    author: str
    mail: Message | None


def conversation(row: Ticket) -> list[Spoken]:
    """What was said in a ticket, oldest first; two statements and one for the mails."""
    entries = list(TicketEntry.objects.filter(ticket_id=row.pk).order_by("at", "id"))
    names = accounts.actor_names([e.actor for e in entries]) if entries else {}
    keys = [(row.contact_id, e.message_id) for e in entries if e.message_id is not None and row.contact_id is not None]
    mails = {m.id: m for m in ledger.messages(keys)}
    return [Spoken(e, names.get(e.actor, e.actor), mails.get(e.message_id) if e.message_id else None) for e in entries]
