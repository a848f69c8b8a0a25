"""The gallery: templates of journeys, each complete with its mails, tags and segments.

A template is one file in `cards/`; its mails stand in `mails/TEMPLATE.LANGUAGE.md` and are put into `frame.mjml`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from . import cards
from .base import GOALS, Ask, Mail, Need, Template, said
from .filling import defaults, filled
from .letters import Letter, letters
from .needs import Checked, checked


@cache
def templates() -> dict[str, Template]:
    """slug -> template, in the gallery's order."""
    found = [import_module(f"{cards.__name__}.{m.name}").TEMPLATE for m in iter_modules(cards.__path__)]
    return {t.slug: t for t in sorted(found, key=lambda t: t.order)}


__all__ = [
    "GOALS",
    "Ask",
    "Checked",
    "Letter",
    "Mail",
    "Need",
    "Template",
    "checked",
    "defaults",
    "filled",
    "letters",
    "said",
    "templates",
]
