"""What this package adds to the pages below it, and what it needs to draw itself there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.accounts.registry import audit_fields, audit_words
from headwater.core import clock
from headwater.core.registry import (
    NavItem,
    PaletteAction,
    Panel,
    SearchHit,
    SearchSource,
    navigation,
    palette_actions,
    panels,
    search_sources,
)
from headwater.messaging.models import MailTemplate
from headwater.messaging.registry import Use, users_of_templates
from headwater.people import registry as people
from headwater.people.models import Company, Contact
from headwater.teamwork.registry import TodayItem, TodaySource, today_sources
from headwater.teamwork.rules import note_html
from headwater.timeline.queries import Entry

from . import queries
from .actions.holdings import HOLDER
from .actions.mailing import SLUG
from .models import Status, Ticket, TicketEntry, TicketQueue
from .rules import ACTIVE, DAYS, PRIORITY_HUES, STATUS_HUES


# -- how tickets are drawn -------------------------------------------------------------------------------------------
def lines(tickets: Iterable[Ticket]) -> list[dict[str, Any]]:
    """Tickets as lists show them."""
    now = clock.now()
    return [
        {
            "t": ticket,
            "url": f"/tickets/{ticket.pk}/",
            "hue": STATUS_HUES[ticket.status],
            "status": ticket.get_status_display(),
            "priority": ticket.get_priority_display() if ticket.priority != "normal" else "",
            "priority_hue": PRIORITY_HUES[ticket.priority],
            "late": ticket.due_at is not None and ticket.due_at < now,
        }
        for ticket in tickets
    ]


def clocks_of(ticket: Ticket) -> list[dict[str, Any]]:
    """The clocks of a ticket as its page shows them: running, met, missed, or standing."""
    out = []
    stands = ticket.status == "pending"
    for label, due, done, late in (
        (_("First reply"), ticket.reply_due_at, ticket.first_reply_at, ticket.reply_late),
        (_("Solution"), ticket.solution_due_at, ticket.solved_at, ticket.solution_late),
    ):
        if done is not None:
            out.append({"label": label, "done": done, "late": late})
        elif stands:
            out.append({"label": label, "stands": True, "late": late})
        elif due is not None and ticket.status in ACTIVE:
            out.append({"label": label, "due": due, "late": late})
    return out


def refusal(code: str) -> str:
    """Why a mail was not sent, in messaging's words."""
    say = people.words.get("mail.refused.reason")
    return str(say(code)) if say else code


def talk(ticket: Ticket) -> list[dict[str, Any]]:
    """What was said in a ticket, oldest first, as its page shows it."""
    shown = []
    for spoken in queries.conversation(ticket):
        entry, mail = spoken.entry, spoken.mail
        ours = entry.kind != TicketEntry.ANSWER
        shown.append(
            {
                "e": entry,
                "author": spoken.author if ours or ticket.contact is None else str(ticket.contact),
                "by": "" if ours else spoken.author,
                "html": note_html(entry.text),
                "why": refusal(entry.refused) if entry.refused else "",
                "mail": mail,
                "mail_url": reverse("messaging:mail", args=[mail.person_id, mail.id]) if mail else "",
            }
        )
    return shown


def hours_words(queue: TicketQueue) -> str:
    """When a queue works, in a few words: "Mon, Tue, Wed 09:00–17:00"."""
    days = [str(WEEKDAYS_ABBR[DAYS.index(day)]) for day in queue.hours.get("days") or ()]
    if not days:
        return gettext("Around the clock")
    said = f"{days[0]}–{days[-1]}" if _in_a_row(queue.hours["days"]) else ", ".join(days)
    return f"{said} {queue.hours['opens']}–{queue.hours['closes']}"


def _in_a_row(days: Sequence[str]) -> bool:
    found = [DAYS.index(day) for day in days]
    return len(found) > 2 and found == list(range(found[0], found[0] + len(found)))


def tickets_panel(*, contact: int | None = None, company: int | None = None) -> dict[str, Any]:
    """What panel_tickets.html shows."""
    rows = queries.of_contact(contact) if contact is not None else queries.of_company(company or 0)
    name, key = ("service:contact_tickets", contact) if contact is not None else ("service:company_tickets", company)
    return {
        "panel_tickets": lines(rows),
        "panel_waiting": sum(row.status in ACTIVE for row in rows),
        "panel_url": reverse(name, args=[key]),
        "panel_contact": contact,
        "panel_company": company,
    }


def _contact_tickets(request: Any, contact: Contact) -> dict[str, Any]:
    return tickets_panel(contact=contact.pk)


def _company_tickets(request: Any, company: Company) -> dict[str, Any]:
    return tickets_panel(company=company.pk)


def _today(user: User, now: datetime, limit: int) -> list[TodayItem]:
    """Tickets of mine that wait for me, those whose clock ends first at the top."""
    return [
        TodayItem(
            title=f"{ticket.number} · {ticket.subject}",
            why=f"{ticket.get_status_display()} · {_waits(now - ticket.created_at)}",
            url=f"/tickets/{ticket.pk}/",
            person_id=ticket.contact_id,
            name=str(ticket.contact) if ticket.contact else "",
            company=ticket.company.name if ticket.company else "",
            due=ticket.due_at,
            late=ticket.due_at is not None and ticket.due_at < now,
            clock=ticket.due_at is not None,
            chip=str(ticket.get_priority_display()) if ticket.priority in ("high", "urgent") else "",
            chip_hue=PRIORITY_HUES[ticket.priority],
            icon="life-buoy",
        )
        for ticket in queries.waiting(user.pk, limit)
    ]


def _waits(since: timedelta) -> str:
    hours = max(int(since.total_seconds() // 3600), 0)
    if hours < 48:
        return ngettext("opened %(n)s hour ago", "opened %(n)s hours ago", hours) % {"n": hours}
    return ngettext("opened %(n)s day ago", "opened %(n)s days ago", hours // 24) % {"n": hours // 24}


def _find(user: Any, text: str, limit: int) -> list[SearchHit]:
    return [
        SearchHit(
            f"{ticket.number} · {ticket.subject}",
            " · ".join(str(p) for p in (ticket.get_status_display(), ticket.contact, ticket.company) if p),
            f"/tickets/{ticket.pk}/",
            "life-buoy",
        )
        for ticket in queries.search(text, limit)
    ]


def _uses(template_ids: Sequence[int]) -> Mapping[int, Sequence[Use]]:
    """Replies are sent with the template of that name as long as there is one."""
    rows = MailTemplate.objects.filter(slug=SLUG, archived_at=None, pk__in=template_ids).values_list("pk", flat=True)
    return {pk: [Use(gettext("Replies to tickets"), "/tickets/", "life-buoy", running=True)] for pk in rows}


def _texts(entries: Sequence[Entry]) -> dict[Any, Any]:
    """What was written, as safe HTML."""
    return {e.id: note_html(str(e.data["text"])) for e in entries if e.data.get("text")}


people.holders.add("service", HOLDER)
users_of_templates.add("service", _uses)
today_sources.add("tickets", TodaySource("tickets", _("Tickets"), "life-buoy", _today, order=15))
navigation.add(
    "tickets",
    NavItem(
        "tickets", _("Tickets"), "life-buoy", "service:list", section="records", order=35,
        count=lambda request: queries.waiting_count(request.user.pk) or None,
    ),
)  # fmt: skip
navigation.add(
    "queues",
    NavItem(
        "queues", _("Ticket queues"), "inbox", "service:queues", section="settings", order=62, roles=("admin",),
        prefixes=("/settings/queues/",),
    ),
)  # fmt: skip
palette_actions.add(
    "create-ticket", PaletteAction("create-ticket", _("Create ticket"), "life-buoy", "service:new_ticket", order=25)
)
search_sources.add("tickets", SearchSource("tickets", _("Tickets"), _find, 35))
panels.add(
    "contact-tickets",
    Panel("contact-tickets", "contact", "rail", "service/panel_tickets.html", _contact_tickets, _("Tickets"), order=25),
)
panels.add(
    "company-tickets",
    Panel("company-tickets", "company", "rail", "service/panel_tickets.html", _company_tickets, _("Tickets"), order=25),
)
for _kind in ("ticket.replied", "ticket.answered"):
    people.boxes.add(_kind, people.Box(_kind, "teamwork/box.html", _texts))

# -- words of facts --------------------------------------------------------------------------------------------------
KINDS = (
    "ticket.opened", "ticket.replied", "ticket.answered", "ticket.noted", "ticket.status_changed", "ticket.solved",
    "ticket.reopened", "ticket.assigned", "ticket.overdue", "ticket.updated",
)  # fmt: skip
for _kind in KINDS:
    people.links.add(f"{_kind}.number", lambda data: f"/tickets/{data['ticket']}/" if data.get("ticket") else "")


def _status(value: str) -> tuple[str, int]:
    return str(dict(Status.choices).get(value, value)), STATUS_HUES.get(value, 265)


for _field in ("before", "after"):
    people.words.add(f"ticket.status_changed.{_field}", _status)
_WHAT = {"reply": _("first reply"), "solution": _("solution")}
people.words.add("ticket.overdue.what", lambda value: str(_WHAT.get(value, value)))
for _action, _words_of in {
    "queue.created": _("Queue created"),
    "queue.changed": _("Queue changed"),
    "queue.archived": _("Queue archived"),
    "queue.restored": _("Queue brought back"),
}.items():
    audit_words.add(_action, _words_of)
for _name, _words_of in {"targets": _("Targets"), "hours": _("Hours")}.items():
    audit_fields.add(_name, _words_of)
