"""What a site asks before push messages, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: The file that the owner puts on her site
FILE = "headwater-push.js"
DEFAULTS: dict[str, Any] = {
    "title": "May we send you news in this browser?",
    "text": "Now and then, and you can end it at any time.",
    "yes": "Yes, please",
    "no": "Not now",
    #: After how many pages we ask by ourselves; 0: only when asked to (headwater.push.ask(), a button)
    "pages": 3,
    #: How many days after a no
    "again": 30,
    "worker": f"/{FILE}",
}
LONGEST = {"title": 120, "text": 300, "yes": 40, "no": 40, "worker": 200}
_WORKER = re.compile(r"/(?:[\w.~%-]+/)*[\w.~%-]+\.js")


def prompt(kept: Mapping[str, Any]) -> dict[str, Any]:
    """A site's settings, with what it leaves open."""
    return {name: kept.get(name, default) for name, default in DEFAULTS.items()}


def clean(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """(settings as they are kept, what is wrong with which)."""
    out, errors = {}, {}
    for name, value in given.items():
        if name not in DEFAULTS:
            errors[name] = "There is no such setting."
        elif name in ("pages", "again"):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 365:
                errors[name] = "A whole number from 0 to 365."
            out[name] = value
        else:
            text = str(value).strip()
            if len(text) > LONGEST[name] or (not text and name != "text"):
                errors[name] = "This is empty or too long."
            elif name == "worker" and not _WORKER.fullmatch(text):
                errors[name] = "A path on your site, such as /headwater-push.js."
            out[name] = text
    return out, errors


def origin_allowed(origin: str, patterns: list[str]) -> bool:
    """Whether pages of this origin may send ("https://*.example.com" among the patterns, or no patterns at all)."""
    if not patterns:
        return True
    for pattern in patterns:
        before, star, after = pattern.rstrip("/").partition("*")
        if not star and origin == before:
            return True
        if star and origin.startswith(before) and origin.endswith(after) and len(origin) > len(before) + len(after):
            return True
    return False
