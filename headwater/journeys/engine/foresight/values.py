"""Operators of fields on a value of the past: what `audience/compiler/operators.py` says in SQL, said in Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from headwater.audience import rules as audience
from headwater.audience.compiler.checks import NEGATIVE, moment, moment_after
from headwater.audience.compiler.leaves.field import FieldLeaf

#: Does it hold of a value (as a fact or a column keeps it) at that moment?
Truth = Callable[[Any, datetime], bool]
_NUMBER = re.compile(r"-?[0-9]{1,40}([.][0-9]{1,40})?")
_DATE = re.compile(r"[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
#: Regular expressions that mean the same to Python and to PostgreSQL
_PLAIN = re.compile(r"[\w\s.,:;/@#%&=!<>~\"'|()^$*+?-]*")
NUMBERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "eq": lambda a, b: a == b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


def truth(leaf: FieldLeaf) -> Truth | None:
    """The condition as a function of value and moment; None: only the database can tell. Not for "held_for"."""
    found, op = leaf.found, leaf.op
    value = list(leaf.value) if isinstance(leaf.value, tuple) else leaf.value
    if found.fold and op in ("eq", "ne", "in", "not_in"):
        return _code(op, value, str.upper if found.fold == "upper" else str.lower)
    if found.custom and op in ("empty", "not_empty"):
        return of_type("text", op, value)
    return of_type(found.type, op, value)


def of_type(type: str, op: str, value: Any) -> Truth | None:
    """An operator on values of a type."""
    if type == "datetime":
        return _moment(op, value, moment_of)
    if type == "date":
        return _date(op, value)
    if type == "choices":
        return _several(op, value)
    return _number(op, value) if type in ("number", "money", "user") else _text(op, value)


def as_text(value: Any) -> str | None:
    """A value as PostgreSQL's ->> shows it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def number_of(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    said = as_text(value)
    return Decimal(said) if said is not None and _NUMBER.fullmatch(said) else None


def date_of(value: Any) -> date | None:
    if isinstance(value, datetime) or not isinstance(value, date):
        said = as_text(value)
        if said is None or not _DATE.fullmatch(said):
            return None
        try:
            return date.fromisoformat(said)
        except ValueError:
            return None
    return value


def moment_of(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else moment(as_text(value))


def _not(positive: Truth | None) -> Truth | None:
    return None if positive is None else lambda have, now: not positive(have, now)


def _code(op: str, value: Any, fold: Callable[[str], str]) -> Truth:
    wanted = {fold(as_text(v) or "") for v in (value if op in ("in", "not_in") else [value])}
    if op in NEGATIVE:
        return lambda have, now: have is None or str(have) not in wanted
    return lambda have, now: have is not None and str(have) in wanted


def _text(op: str, value: Any) -> Truth | None:
    if op in NEGATIVE:
        return _not(_text(NEGATIVE[op], value))
    if op == "matches":
        if not _PLAIN.fullmatch(value):
            return None
        pattern = re.compile(value, re.IGNORECASE | re.DOTALL)
        return lambda have, now: pattern.search(as_text(have) or "") is not None
    if op == "empty":
        return lambda have, now: not as_text(have)
    if op in ("eq", "in"):
        wanted = {(as_text(v) or "").lower() for v in (value if op == "in" else [value])}
        return lambda have, now: (as_text(have) or "").lower() in wanted
    if op == "contains":
        part = value.lower()
        return lambda have, now: part in (as_text(have) or "").lower()
    parts = tuple(v.lower() for v in audience.texts(value))
    if op == "starts_with":
        return lambda have, now: (as_text(have) or "").lower().startswith(parts)
    return lambda have, now: (as_text(have) or "").lower().endswith(parts)


def _number(op: str, value: Any) -> Truth | None:
    if op in NEGATIVE:
        return _not(_number(NEGATIVE[op], value))
    if op == "empty":
        return lambda have, now: number_of(have) is None
    bounds = [Decimal(str(v)) for v in (value if isinstance(value, list) else [value])]

    def test(have: Any, now: datetime) -> bool:
        said = number_of(have)
        if said is None:
            return False
        if op == "between":
            return bounds[0] <= said <= bounds[1]
        return said in bounds if op == "in" else NUMBERS[op](said, bounds[0])

    return test


def _several(op: str, value: Any) -> Truth | None:
    if op in NEGATIVE:
        return _not(_several(NEGATIVE[op], value))

    def listed(have: Any) -> set[str]:
        items = have if isinstance(have, (list, tuple)) else [] if have is None else [have]
        return {as_text(item) or "" for item in items}

    if op == "empty":
        return lambda have, now: not listed(have)
    if op == "has":
        return lambda have, now: value in listed(have)
    wanted = set(value)
    if op == "has_all":
        return lambda have, now: wanted <= listed(have)
    return lambda have, now: bool(wanted & listed(have))


def _date(op: str, value: Any) -> Truth | None:
    if op in ("eq", "ne"):
        found = moment(value)
        day = found.date() if found else None
        return (lambda have, now: date_of(have) == day) if op == "eq" else (lambda have, now: date_of(have) != day)
    if op == "anniversary":
        return _anniversary(audience.span(value).days)
    return _moment(op, value, _midnight)


def _midnight(value: Any) -> datetime | None:
    found = date_of(value)
    return datetime(found.year, found.month, found.day, tzinfo=UTC) if found else None


def _anniversary(days: int) -> Truth:
    def in_year(day: date, year: int) -> date:
        try:
            return day.replace(year=year)
        except ValueError:
            return date(year, 2, 28)

    def test(have: Any, now: datetime) -> bool:
        day, today = date_of(have), now.astimezone(UTC).date()
        if day is None:
            return False
        this = in_year(day, today.year)
        return (this if this >= today else in_year(day, today.year + 1)) <= today + timedelta(days=days)

    return test


def _moment(op: str, value: Any, read: Callable[[Any], datetime | None]) -> Truth | None:
    if op == "empty":
        return lambda have, now: read(have) is None
    if op == "not_empty":
        return lambda have, now: read(have) is not None
    if op in ("before", "after", "between"):
        low = moment(value[0] if op == "between" else value)
        high = moment_after(value[1]) if op == "between" else None
        assert low is not None
        return _fixed(op, low, high, read)
    length = audience.span(value)

    def test(have: Any, now: datetime) -> bool:
        at = read(have)
        if at is None:
            return False
        if op == "within":
            return now - length < at <= now
        return at <= now - length if op == "older_than" else now <= at <= now + length

    return test


def _fixed(op: str, low: datetime, high: datetime | None, read: Callable[[Any], datetime | None]) -> Truth:
    def test(have: Any, now: datetime) -> bool:
        at = read(have)
        if at is None:
            return False
        return at < low if op == "before" else low <= at and (high is None or at < high)

    return test
