"""What is said in a ticket: replies that go to the contact by mail, what the contact answered, internal notes."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.core import clock
from headwater.core.actors import user_id
from headwater.core.facts import Fact
from headwater.timeline.actions import record

from ..facts import TicketAnswered, TicketNoted, TicketReplied
from ..models import Ticket, TicketEntry
from ..rules import ENDED, STATUSES, kept_key
from .changing import Stale, change, one, save
from .mailing import send
from .timing import settle

LONGEST = 50_000
#: A fact carries so much of what was said
EXCERPT = 1_000


def reply(
    ticket_id: int, text: str, *, actor: str, then: str | None = None, version: int | None = None, key: str = ""
) -> TicketEntry:
    """Write to the contact by mail. then: the status after it (None: a new ticket becomes open).

    The first reply stops its clock; a ticket of nobody becomes the writer's. Records TicketReplied. Where the mail was
    refused, `.refused` says why, and the reply stands in the ticket all the same. Raises Ticket.DoesNotExist, Stale,
    ValueError on an empty text, a ticket that is closed or has no contact.
    """
    text = _said(text)
    if then is not None and then not in STATUSES:
        raise ValueError(f"unknown status: {then!r}; one of {', '.join(STATUSES)}")
    with one(ticket_id) as ticket:
        if (known := _known(key, ticket)) is not None:
            return known
        if version is not None and ticket.version != version:
            raise Stale(ticket)
        if ticket.contact_id is None:
            raise ValueError(_("Nobody to write to: the ticket has no contact."))
        if ticket.status == "closed":
            raise ValueError(_("The ticket is closed. Open it again to write."))
        first = ticket.first_reply_at is None
        entry = _entry(ticket, TicketEntry.REPLY, text, actor, key)
        send(ticket, entry, actor=actor)
        entry.save(update_fields=["message_id", "refused", "tries"])
        _tell(ticket, TicketReplied, actor, text=text[:EXCERPT], first=first, refused=entry.refused)
        if first:
            ticket.first_reply_at = entry.at
        _go_on(ticket, then or ("open" if ticket.status == "new" else ticket.status), actor)
    return entry


def answer(ticket_id: int, text: str, *, actor: str, key: str = "") -> TicketEntry:
    """Write down what the contact said: by telephone, in a mail, through another system. A ticket that waited for it,
    or was solved, is open again. Records TicketAnswered. Raises Ticket.DoesNotExist, ValueError."""
    text = _said(text)
    with one(ticket_id) as ticket:
        if (known := _known(key, ticket)) is not None:
            return known
        if ticket.status == "closed":
            raise ValueError(_("The ticket is closed. Open it again to write."))
        entry = _entry(ticket, TicketEntry.ANSWER, text, actor, key)
        _tell(ticket, TicketAnswered, actor, text=text[:EXCERPT])
        _go_on(ticket, "open" if ticket.status in ("pending", *ENDED) else ticket.status, actor, claim=False)
    return entry


def note(ticket_id: int, text: str, *, actor: str, key: str = "") -> TicketEntry:
    """Write a note that only colleagues read. Records TicketNoted. Raises Ticket.DoesNotExist, ValueError."""
    text = _said(text)
    with one(ticket_id) as ticket:
        if (known := _known(key, ticket)) is not None:
            return known
        entry = _entry(ticket, TicketEntry.NOTE, text, actor, key)
        _tell(ticket, TicketNoted, actor)
        save([ticket])
    return entry


def send_again(entry_id: int, *, actor: str) -> TicketEntry:
    """Try the mail of a reply once more that was refused. Raises TicketEntry.DoesNotExist, ValueError where it was not
    refused or there is nobody to write to."""
    ticket_id = TicketEntry.objects.values_list("ticket_id", flat=True).get(pk=entry_id)
    with one(ticket_id) as ticket:
        entry = TicketEntry.objects.select_for_update().get(pk=entry_id)
        if entry.kind != TicketEntry.REPLY or not entry.refused:
            raise ValueError(_("That mail is on its way already."))
        if ticket.contact_id is None:
            raise ValueError(_("Nobody to write to: the ticket has no contact."))
        send(ticket, entry, actor=actor)
        entry.save(update_fields=["message_id", "refused", "tries"])
        save([ticket])
    return entry


def _said(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise ValueError(_("Write something."))
    if len(text) > LONGEST:
        raise ValueError(_("That is too long: at most %(n)s characters.") % {"n": LONGEST})
    return text


def _known(key: str, ticket: Ticket) -> TicketEntry | None:
    """What was said with this key before. Raises ValueError where it was said in another ticket."""
    found = TicketEntry.objects.filter(key=kept_key(key)).first() if key else None
    if found is not None and found.ticket_id != ticket.pk:
        raise ValueError(f"the key {key!r} belongs to another ticket")
    return found


def _entry(ticket: Ticket, kind: str, text: str, actor: str, key: str) -> TicketEntry:
    return TicketEntry.objects.create(
        ticket=ticket, kind=kind, text=text, actor=actor, at=clock.now(), key=kept_key(key) or uuid.uuid4().hex
    )


def _tell(ticket: Ticket, fact: type[Fact], actor: str, **more: object) -> None:
    if ticket.contact_id is not None:
        made = fact(ticket=ticket.pk, number=ticket.number, subject=ticket.subject, **more)  # type: ignore[call-arg]
        record(ticket.contact_id, made, actor=actor)


def _go_on(ticket: Ticket, status: str, actor: str, *, claim: bool = True) -> None:
    """The status after something was said, and whose the ticket is; in one write."""
    changes: dict[str, object] = {"status": status}
    writer = user_id(actor)
    mine = claim and ticket.assignee_id is None and writer is not None
    if mine and User.objects.filter(pk=writer or 0, is_active=True).exists():
        changes["assignee_id"] = writer
    settle(ticket, clock.now())
    if not change([(ticket, changes)], actor=actor):
        ticket.version += 1
        ticket.updated_at = clock.now()
        save([ticket])
