"""What this package adds to the pages below it, and what it needs to draw itself there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User
from headwater.accounts.queries import colleagues
from headwater.core import clock
from headwater.core.registry import (
    NavItem,
    PaletteAction,
    Panel,
    TopSlot,
    navigation,
    palette_actions,
    panels,
    top_slots,
)
from headwater.people import registry as people
from headwater.people.models import Company, Contact
from headwater.timeline.queries import Entry

from . import queries, rules
from .actions.holdings import HOLDER
from .models import Call, CallOutcome, Note, TaskKind
from .registry import TodayItem, TodaySource, today_sources


def tasks_panel(
    rows: list[queries.PanelTask], *, contact: int | None = None, deal: int | None = None
) -> dict[str, Any]:
    """What panel_tasks.html shows."""
    now = clock.now()
    url = (
        reverse("teamwork:deal_tasks", args=[deal]) + (f"?contact={contact}" if contact else "")
        if deal
        else reverse("teamwork:contact_tasks", args=[contact])
    )
    return {
        "panel_tasks": [(t, t.done_at is None and t.due_at is not None and t.due_at < now) for t in rows],
        "panel_open": sum(t.done_at is None for t in rows),
        "panel_url": url,
        "panel_contact": contact,
        "panel_deal": deal,
    }


def composer(*, contact: int | None = None, deal: int | None = None, company: int | None = None) -> dict[str, Any]:
    """What composer.html shows."""
    return {
        "composer_contact": contact,
        "composer_deal": deal,
        "composer_company": company,
        "outcomes": CallOutcome.choices,
        "kinds": TaskKind.choices,
        "teammates": colleagues(),
        "tomorrow": rules.next_morning(clock.now(), queries.zone_of_current()),
    }


def deal_activities(deal_id: int) -> list[dict[str, Any]]:
    """Notes and calls of a deal as one list, the newest first."""
    rows: list[Note | Call] = [*queries.notes(deal_id=deal_id), *queries.calls(deal_id=deal_id)]
    shown = [
        {
            "kind": "note" if isinstance(row, Note) else "call",
            "at": row.created_at if isinstance(row, Note) else row.at,
            "row": row,
            "who": row.author if isinstance(row, Note) else row.user,
            "html": rules.note_html(row.body if isinstance(row, Note) else row.note),
        }
        for row in rows
    ]
    return sorted(shown, key=lambda item: item["at"], reverse=True)


def _contact_tasks(request: Any, contact: Contact) -> dict[str, Any]:
    return tasks_panel(queries.for_contact(contact.pk), contact=contact.pk)


def _contact_composer(request: Any, contact: Contact) -> dict[str, Any]:
    return composer(contact=contact.pk)


def _company_composer(request: Any, company: Company) -> dict[str, Any]:
    return composer(company=company.pk)


def company_notes(company_id: int) -> dict[str, Any]:
    """What panel_notes.html shows: notes about a company (they stand on nobody's timeline)."""
    rows = [(n, rules.note_html(n.body)) for n in queries.notes(company_id=company_id, limit=10)]
    return {"panel_notes": rows, "panel_url": reverse("teamwork:company_notes", args=[company_id])}


def _company_notes(request: Any, company: Company) -> dict[str, Any]:
    return company_notes(company.pk)


def _task_item(task: queries.DueTask, now: datetime, why: str) -> TodayItem:
    """A task as a line of the Today page."""
    return TodayItem(
        title=task.title,
        why=task.note or why,
        url=f"/people/{task.person_id}/" if task.person_id else reverse("teamwork:tasks"),
        person_id=task.person_id,
        name=task.name,
        company=task.company,
        due=task.due_at,
        late=task.due_at < now,
        icon={"call": "phone", "email": "mail"}.get(task.kind, "square-check"),
        task_id=task.id,
    )


def _overdue(user: User, now: datetime, limit: int) -> list[TodayItem]:
    why = gettext("Past its time")
    return [_task_item(t, now, why) for t in queries.due(user.pk, since=None, until=now, limit=limit)]


def _due_today(user: User, now: datetime, limit: int) -> list[TodayItem]:
    why, midnight = gettext("Due today"), queries.end_of_day(now, queries.zone_of(user))
    return [_task_item(t, now, why) for t in queries.due(user.pk, since=now, until=midnight, limit=limit)]


def _hot_without_step(user: User, now: datetime, limit: int) -> list[TodayItem]:
    """Hot people of mine, or of nobody, about whom nobody has anything to do."""
    why, hot = gettext("Score %(points)s and no next step"), gettext("Hot")
    return [
        TodayItem(
            title=lead.name,
            why=why % {"points": lead.points},
            url=f"/people/{lead.person_id}/",
            person_id=lead.person_id,
            name=lead.name,
            company=lead.company,
            chip=hot,
            chip_hue=25,
            icon="flame",
        )
        for lead in queries.hot_without_step(user.pk, limit)
    ]


today_sources.add("overdue", TodaySource("overdue", _("Overdue"), "triangle-alert", _overdue, order=20))
today_sources.add("due", TodaySource("due", _("Due today"), "square-check", _due_today, order=30))
today_sources.add("hot", TodaySource("hot", _("Hot, without a next step"), "flame", _hot_without_step, order=40))

people.holders.add("teamwork", HOLDER)
navigation.add(
    "today", NavItem("today", _("Today"), "sun", "teamwork:today", section="", order=20, prefixes=("/leads/",))
)
navigation.add(
    "tasks",
    NavItem(
        "tasks",
        _("Tasks"),
        "square-check",
        "teamwork:tasks",
        section="",
        order=30,
        count=lambda request: queries.due_count(request.user),
    ),
)
top_slots.add("bell", TopSlot("bell", "teamwork/bell_slot.html", order=10))
palette_actions.add(
    "create-task", PaletteAction("create-task", _("Create task"), "square-check", "teamwork:new_task", "t", order=30)
)
panels.add(
    "contact-composer",
    Panel("contact-composer", "contact", "composer", "teamwork/composer.html", _contact_composer, order=10),
)
panels.add(
    "company-composer",
    Panel("company-composer", "company", "composer", "teamwork/composer.html", _company_composer, order=10),
)
panels.add(
    "company-notes",
    Panel("company-notes", "company", "rail", "teamwork/panel_notes.html", _company_notes, _("Notes"), order=40),
)
panels.add(
    "contact-tasks",
    Panel("contact-tasks", "contact", "rail", "teamwork/panel_tasks.html", _contact_tasks, _("Tasks"), order=30),
)


def _texts(entries: Sequence[Entry]) -> dict[Any, Any]:
    """What was written in a note or about a call, as safe HTML."""
    return {e.id: rules.note_html(str(e.data["text"])) for e in entries if e.data.get("text")}


for _kind in ("note.added", "call.logged"):
    people.boxes.add(_kind, people.Box(_kind, "teamwork/box.html", _texts))
people.words.add("call.logged.outcome", lambda value: dict(CallOutcome.choices).get(value, value))
