"""The one AppConfig base: every package of the house is found, named and loaded alike."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

#: Modules that speak to a registry when imported, in the order in which they are loaded.
REGISTERING = ("facts", "conditions", "steps", "reactions", "loops", "panels")


class PackageConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    #: Each apps.py imports this base, so Django sees two configurations there; only the package's own counts.
    default = False

    def __init_subclass__(cls) -> None:
        cls.default = True

    def ready(self) -> None:
        for module in REGISTERING:
            path = f"{self.name}.{module}"
            if find_spec(path) is not None:
                import_module(path)
