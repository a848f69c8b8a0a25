"""What mail adds to the shell and to a person's page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import Role
from headwater.accounts.registry import audit_fields, audit_words
from headwater.core.registry import NavItem, PaletteAction, Panel, doctor_checks, navigation, palette_actions, panels
from headwater.people import registry as people
from headwater.people.registry import Box
from headwater.timeline.queries import Entry

from . import delivery, texts
from .actions.holdings import HOLDER
from .channels import pool
from .channels.push import services
from .channels.pushcatcher import MADE_UP
from .queries import browsers, ledger
from .views.ledger import shown
from .views.words import ended, reason

EDITORS = (Role.ADMIN.value, Role.MARKETER.value)
people.holders.add("messaging", HOLDER)
navigation.add("mail", NavItem("mail", _("Emails"), "mail", "messaging:outbox", "marketing", 30, prefixes=("/mail/",)))
navigation.add(
    "messaging:settings",
    NavItem("messaging:settings", _("Emails, SMS and push"), "mail", "messaging:settings", "settings", 35, ("admin",)),
)
palette_actions.add(
    "mail.template",
    PaletteAction("mail.template", _("Create mail template"), "mail-plus", "messaging:template_new", roles=EDITORS),
)
palette_actions.add(
    "mail.text",
    PaletteAction("mail.text", _("Create text (SMS)"), "smartphone", "messaging:text_new", roles=EDITORS),
)
palette_actions.add(
    "mail.push", PaletteAction("mail.push", _("Create push message"), "bell-plus", "messaging:push_new", roles=EDITORS)
)
palette_actions.add("mail.outbox", PaletteAction("mail.outbox", _("All messages"), "mails", "messaging:outbox"))
palette_actions.add("mail.inbox", PaletteAction("mail.inbox", _("Demo inbox"), "inbox", "messaging:inbox"))


def _emails(request: Any, contact: Any) -> dict[str, Any]:
    """The person's mails, newest first."""
    lines = ledger.ledger(person_id=contact.pk, limit=30)
    return {"rows": shown(lines), "person_id": contact.pk, "more": len(lines) == 30}


panels.add(
    "messaging.emails",
    Panel("messaging.emails", "contact", "tab", "messaging/panel_emails.html", _emails, _("Emails"), 20),
)


def _browsers(request: Any, contact: Any) -> dict[str, Any] | None:
    """The browsers that take push messages, or took them; nothing where there are none."""
    rows = browsers.of_person(contact.pk)
    for row in rows:
        row.why = ended(row.ended_why)  # type: ignore[attr-defined]
    return {"rows": rows} if rows else None


panels.add(
    "messaging.browsers",
    Panel("messaging.browsers", "contact", "rail", "messaging/panel_browsers.html", _browsers, _("Push messages"), 60),
)


def _boxes(entries: Sequence[Entry]) -> dict[UUID, dict[str, Any]]:
    """What a page's sent mails led to, by the entry's id, in three statements."""
    keys = {}
    for e in entries:
        with suppress(ValueError):  # history that was imported may name its messages in other ways
            keys[(e.person_id, UUID(str(e.data.get("message"))))] = e.id
    found = shown(ledger.lines(ledger.messages(list(keys))))
    return {keys[(row["m"].person_id, row["m"].id)]: row for row in found}


for _kind in ("mail.sent", "sms.sent", "push.sent"):
    people.boxes.add(_kind, Box(_kind, "messaging/box.html", _boxes))
people.words.add("sms.refused.reason", reason)
people.words.add("push.refused.reason", reason)
people.words.add("push.ended.why", ended)
people.words.add("mail.refused.reason", reason)


def _doctor() -> list[str]:
    """What keeps mails from leaving."""
    if not (url := delivery.server_url()):
        return ["no SMTP server is set (HEADWATER_SMTP_URL): mails wait in the outbox"]
    problem = pool.probe(url)
    return [problem] if problem else []


doctor_checks.add("mail server", _doctor)


def _provider() -> list[str]:
    """What keeps texts from leaving. Where no provider is set and no text waits, nobody misses one."""
    try:
        found = texts.provider()
    except ValueError as error:
        return [f"HEADWATER_SMS_URL: {error}"]
    if found is None:
        waiting = ledger.texts_waiting()
        return [f"no provider of texts is set (HEADWATER_SMS_URL): {waiting:,} texts wait"] if waiting else []
    problem = found.probe()
    return [problem] if problem else []


doctor_checks.add("provider of texts", _provider)


def _push_services() -> list[str]:
    """What keeps push messages from leaving: the services of people's browsers are in reach, and want to know us."""
    _key, subject, own = browsers.courier_values()
    found = [service for service in browsers.services() if not (own and service.startswith(MADE_UP))]
    problems = [services.probe(service) for service in found]
    if found and not subject.startswith(("mailto:", "https:")):
        problems.append("push services want to know who sends: set the sender of mails (Settings, Workspace)")
    return [problem for problem in problems if problem]


doctor_checks.add("push services", _push_services)
audit_words.add("mail.policy_changed", _("Limit per person changed"))
audit_words.add("mail.suppressed", _("Address put on the suppression list"))
audit_words.add("mail.released", _("Address taken off the suppression list"))
audit_fields.add("cap_mails", _("Marketing mails per person"))
audit_fields.add("cap_days", _("In so many days"))
audit_fields.add("reason", _("Reason"))
