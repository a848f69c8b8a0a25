"""What can happen to a ticket. All of them name the ticket, its number and its subject."""

from __future__ import annotations

from headwater.core.facts import Fact, _, fact


@fact("ticket.opened", icon="life-buoy", hue=235, group="service", says=_("Ticket {number} opened: {subject}"))
class TicketOpened(Fact):
    ticket: int
    number: str
    subject: str
    ticket_kind: str = ""
    priority: str = ""
    queue: str = ""
    source: str = ""
    assignee: int | None = None


@fact("ticket.replied", icon="reply", hue=265, group="service", says=_("{actor} replied to {number}: {subject}"))
class TicketReplied(Fact):
    """A colleague wrote to the contact. first: nobody had before. refused: why the mail was not sent ("": it was)."""

    ticket: int
    number: str
    subject: str
    text: str = ""
    first: bool = False
    refused: str = ""


@fact(
    "ticket.answered", icon="message-square", hue=150, group="service", says=_("{person} answered {number}: {subject}")
)
class TicketAnswered(Fact):
    """The contact wrote or said something more."""

    ticket: int
    number: str
    subject: str
    text: str = ""


@fact(
    "ticket.noted",
    icon="sticky-note",
    hue=90,
    group="service",
    says=_("{actor} added a note to {number}: {subject}"),
    quiet=True,
)
class TicketNoted(Fact):
    ticket: int
    number: str
    subject: str


@fact(
    "ticket.status_changed",
    icon="arrow-right",
    hue=265,
    group="service",
    says=_("{number} went from {before} to {after}: {subject}"),
)
class TicketStatusChanged(Fact):
    """Between new, open and pending, or closed. Solving and opening again have facts of their own."""

    ticket: int
    number: str
    subject: str
    before: str
    after: str


@fact("ticket.solved", icon="circle-check", hue=150, group="service", says=_("{actor} solved {number}: {subject}"))
class TicketSolved(Fact):
    """minutes: from its opening to here. in_time: before it was due (true where nothing was)."""

    ticket: int
    number: str
    subject: str
    before: str = ""
    minutes: int = 0
    in_time: bool = True


@fact("ticket.reopened", icon="refresh-cw", hue=60, group="service", says=_("{number} was opened again: {subject}"))
class TicketReopened(Fact):
    ticket: int
    number: str
    subject: str
    before: str = ""
    after: str = ""


@fact(
    "ticket.assigned",
    icon="user-round",
    hue=300,
    group="service",
    says=_("{number} went to {assignee_name}: {subject}"),
)
class TicketAssigned(Fact):
    ticket: int
    number: str
    subject: str
    assignee: int | None = None
    assignee_name: str = "—"


@fact(
    "ticket.overdue",
    icon="triangle-alert",
    hue=25,
    group="service",
    says=_("{number} is overdue ({what}): {subject}"),
)
class TicketOverdue(Fact):
    """what: "reply" or "solution"; due: ISO 8601. Once for each clock of a ticket."""

    ticket: int
    number: str
    subject: str
    what: str
    due: str = ""


@fact(
    "ticket.updated",
    icon="pencil",
    hue=265,
    group="service",
    says=_("{actor} changed {fields} of {number}"),
    quiet=True,
)
class TicketUpdated(Fact):
    """changes: field -> [before, after] as text; {"deleted": [...]} where it was removed."""

    ticket: int
    number: str
    subject: str
    changes: dict[str, list[str]]

    @property
    def fields(self) -> str:
        return ", ".join(sorted(self.changes))
