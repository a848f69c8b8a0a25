"""Changing tickets: one or many at once, each change with its fact. Who writes names the version that he saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.core import clock, wake
from headwater.core.facts import Fact
from headwater.people.models import Company, Contact
from headwater.teamwork.actions import forget_about
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import TicketAssigned, TicketReopened, TicketSolved, TicketStatusChanged, TicketUpdated
from ..models import Ticket, TicketEntry, TicketQueue
from ..rules import ACTIVE, ENDED, KINDS, PRIORITIES, STATUSES
from .opening import ring
from .timing import TIMED, Desk, settle

#: What may be changed: name -> longest text
TEXTS = {"subject": 200, "description": 100_000, "source": 80}
CHOICES: Mapping[str, Sequence[str]] = {"kind": KINDS, "priority": PRIORITIES, "status": STATUSES}
RECORDS = {"queue_id": TicketQueue, "assignee_id": User, "contact_id": Contact, "company_id": Company}
EDITABLE = {*TEXTS, *CHOICES, *RECORDS}
_COLUMNS = [*TEXTS, *(n for n in CHOICES if n != "status"), *RECORDS, "version", "updated_at", *TIMED]
#: Open pages are told of each ticket up to so many
MOST_LIVE = 50


class Stale(Exception):
    """Somebody else changed the ticket since the version that was named. `.ticket` is as it stands now."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(f"ticket {ticket.number} is at version {ticket.version}")
        self.ticket = ticket


@contextmanager
def locked(ids: Sequence[int], *others: int) -> Iterator[list[Ticket]]:
    """These tickets, locked, inside the lanes of their people (and of `others`), by id. Those whose contact changed in
    that moment are left out, as are unknown ones."""
    people = dict(Ticket.objects.filter(pk__in=ids).values_list("pk", "contact_id"))
    with in_lane(*others, *{p for p in people.values() if p is not None}):
        rows = Ticket.objects.select_for_update(of=("self",)).select_related("queue", "assignee")
        found = rows.filter(pk__in=list(people)).order_by("pk")
        yield [ticket for ticket in found if ticket.contact_id == people[ticket.pk]]


@contextmanager
def one(ticket_id: int, version: int | None = None, *others: int) -> Iterator[Ticket]:
    """One ticket, locked likewise. Raises Ticket.DoesNotExist, Stale on another version."""
    with locked([ticket_id], *others) as found:
        if not found:
            raise Stale(Ticket.objects.get(pk=ticket_id))
        if version is not None and found[0].version != version:
            raise Stale(found[0])
        yield found[0]


def update_ticket(ticket_id: int, *, actor: str, version: int | None = None, **changes: Any) -> Ticket:
    """Change subject, description, source, kind, priority, status, queue_id, assignee_id, contact_id or company_id.

    Records what happened: TicketSolved, TicketReopened, TicketStatusChanged, TicketAssigned, TicketUpdated. Returns the
    ticket. Raises Ticket.DoesNotExist, Stale, ValueError.
    """
    _check(changes)
    others = [changes["contact_id"]] if changes.get("contact_id") else []
    with one(ticket_id, version, *others) as ticket:
        if changes.get("queue_id") not in (None, ticket.queue_id):
            _check_open(changes["queue_id"])
        change([(ticket, changes)], actor=actor)
    return ticket


@dataclass(frozen=True, slots=True)
class Undo:
    """A ticket that a change of many touched: its version after that, and what to put back."""

    ticket_id: int
    version: int
    changes: Mapping[str, Any]


def update_tickets(ticket_ids: Sequence[int], *, actor: str, **changes: Any) -> list[Undo]:
    """The same change of many tickets, in a constant number of statements. Returns those that changed, by id, as `undo`
    takes them."""
    _check(changes)
    if changes.get("queue_id") is not None:
        _check_open(changes["queue_id"])
    with locked(ticket_ids) as tickets:
        before = {t.pk: {name: getattr(t, name) for name in changes} for t in tickets}
        changed = change([(ticket, changes) for ticket in tickets], actor=actor)
    return [Undo(t.pk, t.version, before[t.pk]) for t in changed]


def undo(items: Sequence[Undo], *, actor: str) -> int:
    """Put back what a change of many did, where nobody has changed the ticket since. Returns how many were."""
    for item in items:
        _check(item.changes, exist=False)
    wanted = {item.ticket_id: item for item in items}
    gone = _gone(items)
    with locked(list(wanted)) as tickets:
        same = [
            (t, {name: v for name, v in wanted[t.pk].changes.items() if (name, v) not in gone})
            for t in tickets
            if t.version == wanted[t.pk].version
        ]
        return len(change(same, actor=actor))


def _gone(items: Sequence[Undo]) -> set[tuple[str, Any]]:
    """(name, id) of queues, colleagues and others that were removed since: nothing can be put back there."""
    out: set[tuple[str, Any]] = set()
    for name, model in RECORDS.items():
        asked = {pk for item in items if (pk := item.changes.get(name)) is not None}
        there = set(model.objects.filter(pk__in=asked).values_list("pk", flat=True)) if asked else set()  # type: ignore[attr-defined]
        out |= {(name, pk) for pk in asked - there}
    return out


def set_status(person_ids: Sequence[int], status: str, *, actor: str, only: Sequence[str] = ACTIVE) -> dict[int, int]:
    """Give every ticket of these people that stands in one of `only` another status. Returns person -> how many."""
    _check({"status": status})
    ids = list(Ticket.objects.filter(contact_id__in=person_ids, status__in=only).values_list("pk", flat=True))
    counts: dict[int, int] = {}
    with locked(ids, *set(person_ids)) as tickets:
        mine = [(t, {"status": status}) for t in tickets if t.status in only and t.contact_id in set(person_ids)]
        for ticket in change(mine, actor=actor):
            counts[ticket.contact_id or 0] = counts.get(ticket.contact_id or 0, 0) + 1
    return counts


def delete_ticket(ticket_id: int, *, actor: str) -> None:
    """Remove a ticket that was opened by mistake; what its timeline says stays. Raises Ticket.DoesNotExist."""
    with one(ticket_id) as ticket:
        pk = ticket.pk
        if ticket.contact_id is not None:
            record_many([NewFact(ticket.contact_id, _updated(ticket, {"deleted": ["", "true"]}), actor=actor)])
        TicketEntry.objects.filter(ticket_id=pk).delete()
        ticket.delete()
        forget_about([f"/tickets/{pk}/"])
        wake.publish("tickets", f"ticket:{pk}")


# -- how a change is made --------------------------------------------------------------------------------------------
def change(wanted: Sequence[tuple[Ticket, Mapping[str, Any]]], *, actor: str) -> list[Ticket]:
    """Make checked changes to locked tickets and tell of them; three statements and the facts. Returns those that
    changed; who has all of it already stays as she is."""
    now, desk = clock.now(), Desk()
    queues = _queues(changes for _ticket, changes in wanted)
    changed, facts, given = [], [], []
    for ticket, changes in wanted:
        real = {name: value for name, value in changes.items() if getattr(ticket, name) != value}
        if not real:
            continue
        before = {name: getattr(ticket, name) for name in real}
        for name, value in real.items():
            if name == "queue_id":
                ticket.queue = queues[value]
            elif name != "status":
                setattr(ticket, name, value)
        if "status" in real:
            desk.goes_to(ticket, real["status"], now)
        if {"status", "queue_id", "priority"} & set(real):
            desk.set_due(ticket)
        if {"status", "queue_id"} & set(real):
            desk.set_close(ticket)
        settle(ticket, now)
        ticket.version += 1
        ticket.updated_at = now
        changed.append(ticket)
        facts.append((ticket, before, real))
        if "assignee_id" in real:
            given.append(ticket)
    save(changed)
    _tell(facts, actor)
    ring(given, actor)
    return changed


def save(tickets: Sequence[Ticket]) -> None:
    """Write tickets as they are now, and tell open pages."""
    if tickets:
        Ticket.objects.bulk_update(tickets, _COLUMNS, batch_size=200)
        wake.publish("tickets", *(f"ticket:{t.pk}" for t in tickets[:MOST_LIVE]))


def _queues(changes: Iterator[Mapping[str, Any]] | Any) -> dict[int, TicketQueue]:
    ids = {one["queue_id"] for one in changes if one.get("queue_id") is not None}
    return TicketQueue.objects.in_bulk(ids) if ids else {}


def _tell(facts: Sequence[tuple[Ticket, dict[str, Any], dict[str, Any]]], actor: str) -> None:
    asked = {real["assignee_id"] for _t, _before, real in facts if real.get("assignee_id")}
    names = {u.pk: u.name for u in User.objects.filter(pk__in=asked)} if asked else {}
    told: list[NewFact] = []
    for ticket, before, real in facts:
        said: list[Fact] = []
        rest = {n: [_plain(before[n]), _plain(v)] for n, v in real.items() if n not in ("status", "assignee_id")}
        if rest:
            said.append(_updated(ticket, rest))
        if "assignee_id" in real:
            said.append(
                TicketAssigned(
                    ticket=ticket.pk,
                    number=ticket.number,
                    subject=ticket.subject,
                    assignee=ticket.assignee_id,
                    assignee_name=names.get(ticket.assignee_id or 0, "—"),
                )
            )
        if "status" in real:
            said.append(_went(ticket, before["status"]))
        people = {ticket.contact_id, before.get("contact_id")} - {None}
        told += [NewFact(int(p), fact, actor=actor) for fact in said for p in sorted(people)]  # type: ignore[arg-type, type-var]
    record_many(told)


def _went(ticket: Ticket, before: str) -> Fact:
    """What happened when the ticket got the status that it has."""
    number, subject, after = ticket.number, ticket.subject, ticket.status
    if after == "solved" and before != "closed":
        minutes = int((clock.now() - ticket.created_at).total_seconds() // 60)
        return TicketSolved(
            ticket=ticket.pk,
            number=number,
            subject=subject,
            before=before,
            minutes=max(minutes, 0),
            in_time=not (ticket.solution_late or _ended(ticket)),
        )
    if before in ENDED and after in ACTIVE:
        return TicketReopened(ticket=ticket.pk, number=number, subject=subject, before=before, after=after)
    return TicketStatusChanged(ticket=ticket.pk, number=number, subject=subject, before=before, after=after)


def _ended(ticket: Ticket) -> bool:
    """Its time for a solution was over, though nobody had said so yet (no worker ran)."""
    due = ticket.solution_due_at
    return due is not None and due <= (ticket.solved_at or clock.now())


def _updated(ticket: Ticket, changes: dict[str, list[str]]) -> TicketUpdated:
    return TicketUpdated(ticket=ticket.pk, number=ticket.number, subject=ticket.subject, changes=changes)


def _plain(value: Any) -> str:
    return "" if value is None else str(value)[:500]


def _check(changes: Mapping[str, Any], *, exist: bool = True) -> None:
    """Raises ValueError where a ticket cannot be so. Texts are tidied in place where `changes` may be written."""
    if unknown := set(changes) - EDITABLE:
        raise ValueError(f"a ticket has no {', '.join(sorted(unknown))}")
    for name in TEXTS:
        if name in changes and isinstance(changes, dict):
            text = str(changes[name] or "")
            changes[name] = (text.strip() if name == "description" else " ".join(text.split()))[: TEXTS[name]]
    if "subject" in changes and not changes["subject"]:
        raise ValueError(_("A ticket needs a subject."))
    for name, known in CHOICES.items():
        if name in changes and changes[name] not in known:
            raise ValueError(f"unknown {name}: {changes[name]!r}; one of {', '.join(known)}")
    if "queue_id" in changes and changes["queue_id"] is None:
        raise ValueError(_("A ticket is in a queue."))
    for name, model in RECORDS.items() if exist else ():
        pk = changes.get(name)
        if pk is not None and not model.objects.filter(pk=pk).exists():  # type: ignore[attr-defined]
            raise ValueError(f"there is no {name.removesuffix('_id')} {pk}")


def _check_open(queue_id: int) -> None:
    if not TicketQueue.objects.filter(pk=queue_id, archived_at=None).exists():
        raise ValueError(_("That queue takes no tickets any more."))
