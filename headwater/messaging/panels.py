"""What mail adds to the shell and to a person's page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.core.registry import NavItem, PaletteAction, Panel, navigation, palette_actions, panels

from .queries import ledger
from .views.ledger import shown

navigation.add("mail", NavItem("mail", _("Emails"), "mail", "messaging:outbox", "marketing", 30, prefixes=("/mail/",)))
palette_actions.add(
    "mail.template", PaletteAction("mail.template", _("Create mail template"), "mail-plus", "messaging:template_new")
)
palette_actions.add("mail.outbox", PaletteAction("mail.outbox", _("All mails"), "mails", "messaging:outbox"))
palette_actions.add("mail.inbox", PaletteAction("mail.inbox", _("Demo inbox"), "inbox", "messaging:inbox"))


def _emails(request: Any, contact: Any) -> dict[str, Any]:
    """The person's mails, newest first."""
    lines = ledger.ledger(person_id=contact.pk, limit=30)
    return {"rows": shown(lines), "person_id": contact.pk, "more": len(lines) == 30}


panels.add(
    "messaging.emails",
    Panel("messaging.emails", "contact", "tab", "messaging/panel_emails.html", _emails, _("Emails"), 20),
)
