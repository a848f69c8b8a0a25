"""The settings menu, and what Ctrl+K offers from here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from headwater.core.registry import NavItem, PaletteAction, navigation, palette_actions

from .models import Role
from .registry import audit_fields, audit_words

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
    "accounts:invite",
    PaletteAction("accounts:invite", _("Invite a user"), "user-plus", "accounts:invite", order=900, roles=ADMIN),
)

for _action, _words in {
    "user.created": _("User created"),
    "user.invited": _("User invited"),
    "user.changed": _("User changed"),
    "profile.changed": _("Profile changed"),
    "workspace.changed": _("Workspace changed"),
    "team.created": _("Team created"),
    "team.renamed": _("Team renamed"),
    "team.deleted": _("Team deleted"),
    "key.created": _("API key created"),
    "key.revoked": _("API key revoked"),
}.items():
    audit_words.add(_action, _words)
for _field, _words in {
    "name": _("Name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "role": _("Role"),
    "team": _("Team"),
    "takes_leads": _("Takes leads"),
    "active": _("Active"),
    "theme": _("Theme"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
    "currency": _("Currency"),
    "website": _("Web site"),
    "base_url": _("Address of this installation"),
    "mail_from": _("Sender address"),
    "mail_from_name": _("Sender name"),
    "postal_address": _("Postal address"),
    "is_demo": _("Demo"),
    "prefix": _("Begins with"),
    "scopes": _("It may"),
    "members": _("Members"),
}.items():
    audit_fields.add(_field, _words)
