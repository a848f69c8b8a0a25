"""What a template needs, held against what there is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from headwater.accounts.models import User, Workspace
from headwater.capture.models import Form, Site
from headwater.people.models import Contact

from .base import Need, Template


@dataclass(frozen=True)
class Checked:
    """One need. words: what there is or is not; when: who sends the event; example: a call that sends it; url: where
    to see to it."""

    kind: str
    of: str
    met: bool
    words: str
    when: str = ""
    example: str = ""
    url: str = ""


def checked(templates: Iterable[Template]) -> dict[str, list[Checked]]:
    """slug -> the needs of each template. As many statements for all templates as for one."""
    wanted = {t.slug: [*t.needs, *([Need("sender")] if t.mails else [])] for t in templates}
    events = sorted({n.of for needs in wanted.values() for n in needs if n.kind == "event"})
    there = _there(events)
    base = Workspace.objects.filter(pk=1).values_list("base_url", flat=True).first() or "http://localhost:8000"
    return {slug: [_checked(n, there, base.rstrip("/")) for n in needs] for slug, needs in wanted.items()}


def _there(events: list[str]) -> set[str]:
    """What there is: "site", "form", "field:birthday", "event:trial.started", ..."""
    found = {
        "site": Site.objects.exists(),
        "form": Form.objects.filter(active=True).exists(),
        "takers": User.objects.filter(is_active=True, takes_leads=True).exists(),
        "customers": Contact.objects.filter(stage="customer").exists(),
        "field:birthday": Contact.objects.exclude(birthday=None).exists(),
        "field:renewal_date": Contact.objects.exclude(renewal_date=None).exists(),
        "sender": Workspace.objects.filter(pk=1).exclude(mail_from="").exists(),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k FROM unnest(%s::text[]) AS k WHERE EXISTS (SELECT 1 FROM timeline_fact f WHERE f.kind = k)",
            [events],
        )
        found |= {f"event:{kind}": True for (kind,) in cursor.fetchall()}
    return {name for name, is_there in found.items() if is_there}


def _checked(need: Need, there: set[str], base: str) -> Checked:
    met = (f"{need.kind}:{need.of}" if need.of else need.kind) in there
    words, url = _words(need, met)
    if need.kind != "event":
        return Checked(need.kind, need.of, met, words, url=url)
    return Checked("event", need.of, met, words, str(need.when), example(need, base), url)


def _words(need: Need, met: bool) -> tuple[str, str]:
    """(what there is or is not, where to see to it)"""
    match need.kind:
        case "site":
            return (_("Your site is tracked") if met else _("You have no site tracked yet")), reverse("capture:sites")
        case "form":
            return (_("You have a form") if met else _("You have no form yet")), reverse("capture:forms")
        case "takers":
            words = _("Colleagues take leads") if met else _("No colleague takes leads yet")
            return words, reverse("accounts:users")
        case "customers":
            return (_("You have customers") if met else _("Nobody is a customer yet")), reverse("people:list")
        case "sender":
            words = _("Mails have a sender") if met else _("Your mails have no sender yet")
            return words, reverse("accounts:workspace")
        case "field":
            return _field(need.of, met), reverse("people:list")
    words = _("Event %(event)s is coming in") if met else _("No event %(event)s seen yet")
    return words % {"event": need.of}, ""


def _field(field: str, met: bool) -> str:
    if field == "birthday":
        return _("Birthdays are known") if met else _("Nobody's birthday is known yet")
    return _("Renewal dates are known") if met else _("Nobody's renewal date is known yet")


def example(need: Need, base: str) -> str:
    """A call of the API that sends the event, to copy into a terminal."""
    return (
        f"curl -X POST {base}/api/v1/events \\\n"
        '  -H "Authorization: Bearer YOUR_KEY" -H "Content-Type: application/json" \\\n'
        f"  -d '{json.dumps(body(need), ensure_ascii=False)}'"
    )


def body(need: Need) -> dict[str, Any]:
    """The body of that call."""
    return {"event": need.of, "email": "ada@example.com", "properties": dict(need.example)}
