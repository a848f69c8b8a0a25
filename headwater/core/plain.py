"""JSON that can be kept: no text that PostgreSQL cannot hold, no number that is none, no bottomless nesting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Deepest nesting, and the largest number: further on, floating point, dates and recursion have their limits
DEEPEST, LARGEST = 60, 10**30
TOO_DEEP, BAD_TEXT, BAD_NUMBER = "deep", "text", "number"


def flaw(value: Any, path: str = "", deep: int = 0) -> tuple[str, str] | None:
    """The first thing in JSON that cannot be kept: (where, what it is), such as (".steps.a.title", BAD_TEXT); None
    where there is none."""
    if deep > DEEPEST:
        return path, TOO_DEEP
    if isinstance(value, str):
        return None if _sound(value) else (path, BAD_TEXT)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return None if -LARGEST <= value <= LARGEST else (path, BAD_NUMBER)  # what is no number is in no range
    if isinstance(value, Mapping):
        for key, one in value.items():
            if not isinstance(key, str) or not _sound(key):
                return path, BAD_TEXT
            if found := flaw(one, f"{path}.{key}", deep + 1):
                return found
    elif isinstance(value, (list, tuple)):
        for n, one in enumerate(value):
            if found := flaw(one, f"{path}[{n}]", deep + 1):
                return found
    return None


def _sound(text: str) -> bool:
    """No NUL, and no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
