"""The settings menu, and what Ctrl+K offers from here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from headwater.core.registry import NavItem, PaletteAction, navigation, palette_actions

from .models import Role

ADMIN = (Role.ADMIN.value,)
MFA = ("/accounts/2fa/", "/accounts/password/", "/settings/")

for order, (name, label, icon, roles, prefixes) in enumerate(
    [
        ("profile", _("My profile"), "user-round", (), MFA),
        ("workspace", _("Workspace"), "building-2", ADMIN, ()),
        ("users", _("Users"), "users", ADMIN, ()),
        ("teams", _("Teams"), "users-round", ADMIN, ()),
        ("keys", _("API keys"), "key-round", ADMIN, ()),
        ("audit", _("Audit log"), "history", ADMIN, ()),
    ]
):
    item = NavItem(f"accounts:{name}", label, icon, f"accounts:{name}", "settings", 10 * order, roles, None, prefixes)
    navigation.add(item.name, item)

palette_actions.add(
    "accounts:invite", PaletteAction("accounts:invite", _("Invite a user"), "user-plus", "accounts:invite", order=900)
)
