"""What capture adds to the shell."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from headwater.accounts.models import Role
from headwater.accounts.registry import audit_fields, audit_words
from headwater.core.registry import NavItem, PaletteAction, navigation, palette_actions
from headwater.people import registry as people

from .actions.holdings import HOLDER

EDITORS = (Role.ADMIN.value, Role.MARKETER.value)
people.holders.add("capture", HOLDER)
navigation.add(
    "forms",
    NavItem(
        "forms", _("Forms & pages"), "layout-template", "capture:forms", "marketing", 40,
        prefixes=("/forms/", "/assets/"),
    ),
)  # fmt: skip
navigation.add(
    "visitors",
    NavItem("visitors", _("Live visitors"), "mouse-pointer-click", "capture:visitors", "marketing", 60,
            prefixes=("/visitors/", "/sites/")),
)  # fmt: skip
palette_actions.add(
    "form.create", PaletteAction("form.create", _("Create form"), "layout-template", "capture:form_new", roles=EDITORS)
)
palette_actions.add(
    "site.list", PaletteAction("site.list", _("Track a web site"), "globe", "capture:sites", roles=EDITORS)
)
palette_actions.add(
    "asset.list", PaletteAction("asset.list", _("Upload a download"), "file-up", "capture:assets", roles=EDITORS)
)
audit_words.add("site.created", _("Site created"))
audit_words.add("site.changed", _("Site changed"))
audit_fields.add("allowed_origins", _("Allowed origins"))
audit_fields.add("push", _("Push messages"))
audit_fields.add("push_prompt", _("Question before push messages"))
audit_fields.add("count_automated", _("Count automated browsers as people"))

# -- a person's timeline: a visit of many pages is one line
people.runs.add("page.viewed", lambda n: ngettext("Viewed %(n)s page", "Viewed %(n)s pages", n) % {"n": n})
people.links.add("form.submitted.name", lambda data: f"/forms/{data['form']}/" if data.get("form") else "")
