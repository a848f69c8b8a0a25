"""What this package adds to the menu."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from headwater.core.registry import NavItem, navigation

navigation.add(
    "health", NavItem("health", _("Health"), "gauge", "integrations:health", "settings", order=90, roles=("admin",))
)
navigation.add(
    "reference", NavItem("reference", _("API reference"), "code", "integrations:reference", "settings", order=95)
)
