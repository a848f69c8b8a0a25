"""Lengths of time as people write them: {"amount": 3, "unit": "days"}."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

UNITS = ("seconds", "minutes", "hours", "days", "weeks")
LONGEST = timedelta(days=3650)


class RuleError(ValueError):
    """Something a person wrote cannot be right; the message is for her, `where` names the field."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where


def delta(value: Mapping[str, Any]) -> timedelta:
    """The duration as a timedelta. Raises RuleError."""
    if not isinstance(value, Mapping):
        raise RuleError('A duration looks like {"amount": 3, "unit": "days"}.')
    amount, unit = value.get("amount"), value.get("unit")
    if unit not in UNITS:
        raise RuleError(f"The unit must be one of {', '.join(UNITS)}.")
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or amount < 0:
        raise RuleError("The amount must be a number, zero or more.")
    try:
        found = timedelta(**{unit: amount})
    except OverflowError:
        found = LONGEST + timedelta(days=1)
    if found > LONGEST:
        raise RuleError("A duration may be ten years at most.")
    return found


def text(value: Mapping[str, Any]) -> str:
    """ "3 days", "1 hour"."""
    amount = value.get("amount", 0)
    number = int(amount) if float(amount).is_integer() else amount
    unit = str(value.get("unit", "days"))
    return f"{number} {unit[:-1] if number == 1 else unit}"


def seconds(number: float) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=number)
