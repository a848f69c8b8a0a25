"""Parameters that depend on the time: a compiled statement serves at any moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Late:
    """A parameter that follows from the moment at which the statement runs."""

    of: Callable[[datetime], Any]
    key: Any = None


def ago(length: timedelta) -> Late:
    """So long before now."""
    return Late(lambda now: now - length, ("ago", length))


def ahead(length: timedelta) -> Late:
    """So long after now."""
    return Late(lambda now: now + length, ("ahead", length))


def on_day(of: Callable[[date], Any]) -> Late:
    """What follows from today (UTC)."""
    return Late(lambda now: of(now.date()))


def resolve(recipe: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The parameters as they are at a moment."""
    return {name: value.of(now) if isinstance(value, Late) else value for name, value in recipe.items()}
