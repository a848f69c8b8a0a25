"""The clocks of tickets: when a reply and a solution are due, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from headwater.accounts.models import Workspace

from ..models import Ticket
from ..rules import ENDED, RUNNING, Hours, clocks, hours_of, later, worked


class Desk:
    """Hours and targets of queues, looked up once for a batch of tickets whose queue is known."""

    def __init__(self) -> None:
        self.zone = Workspace.objects.values_list("time_zone", flat=True).filter(pk=1).first() or "UTC"
        self._hours: dict[int, Hours] = {}
        self._ends: dict[tuple[int, datetime, int], datetime] = {}

    def hours(self, ticket: Ticket) -> Hours:
        found = self._hours.get(ticket.queue_id)
        if found is None:
            found = self._hours[ticket.queue_id] = hours_of(ticket.queue.hours, self.zone)
        return found

    def later(self, ticket: Ticket, start: datetime, seconds: int) -> datetime:
        key = (ticket.queue_id, start, seconds)
        if key not in self._ends:
            self._ends[key] = later(start, seconds, self.hours(ticket))
        return self._ends[key]

    def target(self, ticket: Ticket, what: str) -> int | None:
        """Seconds until the "reply" or the "solution" of such a ticket; None: no target."""
        targets: Mapping[str, Mapping[str, int | None]] = ticket.queue.targets
        minutes = (targets.get(ticket.priority) or {}).get(what)
        return None if minutes is None else minutes * 60

    def set_due(self, ticket: Ticket) -> None:
        """Compute the due times anew: the ticket was opened, or its queue, priority or status changed. While it waits
        for the contact there are none; what has ended keeps the times that it had."""
        if ticket.status in ENDED:
            return
        stands = ticket.status == "pending"
        reply, solution = self.target(ticket, "reply"), self.target(ticket, "solution")
        if ticket.first_reply_at is None:
            ticket.reply_due_at = None if stands or reply is None else self._due(ticket, reply)
        ticket.solution_due_at = None if stands or solution is None else self._due(ticket, solution)

    def _due(self, ticket: Ticket, seconds: int) -> datetime:
        return self.later(ticket, ticket.created_at, seconds + ticket.paused)

    def goes_to(self, ticket: Ticket, status: str, now: datetime) -> None:
        """Give a ticket another status, with the moments and clocks that follow from it."""
        ticket.status = status
        if status in RUNNING:
            if ticket.paused_at is not None:
                ticket.paused += worked(ticket.paused_at, now, self.hours(ticket))
            ticket.paused_at = None
        else:
            ticket.paused_at = ticket.paused_at or now
        ticket.solved_at = (ticket.solved_at or now) if status in ENDED else None
        ticket.closed_at = now if status == "closed" else None

    def set_close(self, ticket: Ticket) -> None:
        """When a solved ticket closes by itself: so many days after its solution as its queue says."""
        days, solved = ticket.queue.close_after, ticket.solved_at
        waits = ticket.status == "solved" and days and solved is not None
        ticket.close_at = solved + timedelta(days=days) if waits and solved else None


def settle(ticket: Ticket, now: datetime) -> None:
    """Bring what a ticket's due times mean up to date. Raises nothing; saves nothing."""
    found = clocks(
        status=ticket.status,
        replied=ticket.first_reply_at is not None,
        reply_due=ticket.reply_due_at,
        solution_due=ticket.solution_due_at,
        reply_late=ticket.reply_late,
        solution_late=ticket.solution_late,
        now=now,
    )
    ticket.reply_late, ticket.solution_late = found.reply_late, found.solution_late
    ticket.due_at, ticket.overdue, ticket.alarm_at = found.due, found.overdue, found.alarm


#: The columns that `Desk` and `settle` write
TIMED = (
    "status", "paused_at", "paused", "solved_at", "closed_at", "reply_due_at", "solution_due_at",
    "reply_late", "solution_late", "due_at", "overdue", "alarm_at", "close_at", "first_reply_at",
)  # fmt: skip
