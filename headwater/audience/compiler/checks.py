"""Which operators a type of value has, and what is wrong with the value of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import DataError, connection, transaction

from headwater.audience.rules import MAX_LIST, span

TEXT_OPS = ("eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "not_starts_with", "ends_with",
            "not_ends_with", "matches", "not_matches", "empty", "not_empty", "held_for")  # fmt: skip
CHOICE_OPS = ("eq", "ne", "in", "not_in", "empty", "not_empty", "held_for")
NUMBER_OPS = ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "between", "empty", "not_empty", "held_for")
MOMENT_OPS = ("within", "older_than", "within_next", "before", "after", "between", "empty", "not_empty", "held_for")
LIST_OF_TEXTS_OPS = ("has", "has_not", "has_any", "has_all", "empty", "not_empty", "held_for")
DATE_OPS = ("eq", "ne", "anniversary", *MOMENT_OPS)
OPS: dict[str, tuple[str, ...]] = {
    "text": TEXT_OPS,
    "url": TEXT_OPS,
    "email": TEXT_OPS,
    "phone": TEXT_OPS,
    "choice": CHOICE_OPS,
    "boolean": ("eq", "ne", "empty", "not_empty", "held_for"),
    "number": NUMBER_OPS,
    "money": NUMBER_OPS,
    "datetime": MOMENT_OPS,
    "date": DATE_OPS,
    "choices": LIST_OF_TEXTS_OPS,
    "user": ("eq", "ne", "in", "not_in", "empty", "not_empty", "held_for"),
    "custom": tuple(dict.fromkeys((*TEXT_OPS, *NUMBER_OPS, *DATE_OPS, *LIST_OF_TEXTS_OPS))),
}
SPAN_OPS = ("within", "older_than", "within_next", "anniversary", "held_for")
LIST_OPS = ("in", "not_in", "has_any", "has_all")
NO_VALUE_OPS = ("empty", "not_empty")
NEGATIVE = {"ne": "eq", "not_in": "in", "not_contains": "contains", "not_starts_with": "starts_with",
            "not_ends_with": "ends_with", "not_matches": "matches", "not_empty": "empty", "has_not": "has"}  # fmt: skip
COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
#: Longest regular expression, and highest bound of a repetition in one
MAX_PATTERN, MAX_REPEAT = 200, 50


def type_for(op: str, value: Any) -> str:
    """What a custom field must be for this operator, where nobody says."""
    if op in COMPARE:
        return "number"
    if op == "between":
        return "number" if isinstance(value, list) and all(map(_number, value)) else "datetime"
    if op == "anniversary":
        return "date"
    if op in MOMENT_OPS and op not in (*NO_VALUE_OPS, "held_for"):
        return "datetime"
    return "choices" if op in ("has", "has_not", "has_any", "has_all") else "text"


def check(type: str, op: Any, value: Any) -> str | None:
    """What is wrong with the value of an operator on a type; None where nothing is."""
    if op in NO_VALUE_OPS:
        return None if value is None else f"{op!r} takes no value"
    if op in SPAN_OPS:
        try:
            span(value)
        except ValueError as error:
            return str(error)
        return None
    if op == "between":
        return _check_between(type, value)
    if op in ("before", "after") or type in ("date", "datetime"):
        return None if moment(value) is not None else 'must be a date or time such as "2026-11-30"'
    if op in COMPARE:
        return None if _number(value) else "must be a number"
    return _check_equal(type, op, value)


def _check_between(type: str, value: Any) -> str | None:
    pair = value if isinstance(value, list) and len(value) == 2 else None
    if type in ("date", "datetime"):
        low, high = (moment(v) for v in pair) if pair else (None, None)
        return None if low and high and low <= high else "must be a list of two dates, the earlier one first"
    fits = pair and all(_number(v) for v in pair) and pair[0] <= pair[1]
    return None if fits else "must be a list of two numbers, the lower one first"


def _check_equal(type: str, op: Any, value: Any) -> str | None:
    whole: Callable[[Any], bool] = lambda v: isinstance(v, int) and not isinstance(v, bool)  # noqa: E731
    one = {"number": _number, "money": _number, "user": whole, "boolean": _truth}.get(type, _scalar)
    if op in LIST_OPS:
        fits = isinstance(value, list) and 0 < len(value) <= MAX_LIST and all(one(v) for v in value)
        return None if fits else "must be a list of values, not empty"
    if op in ("starts_with", "not_starts_with", "ends_with", "not_ends_with"):
        items = value if isinstance(value, list) else [value]
        fits = bool(items) and len(items) <= MAX_LIST and all(isinstance(v, str) and v for v in items)
        return None if fits else "must be a text or a list of texts"
    if op in ("contains", "not_contains", "has", "has_not"):
        return None if isinstance(value, str) and value else "must be a text"
    if op in ("matches", "not_matches"):
        return check_pattern(value)
    if one(value):
        return None
    shapes = {"number": "must be a number", "money": "must be a number", "user": "must be the id of a user",
              "boolean": "must be true or false"}  # fmt: skip
    return shapes.get(type, "must be a text or number")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _truth(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))


def _scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))


def check_pattern(value: Any) -> str | None:
    """What is wrong with a regular expression; None where it is one that PostgreSQL answers in linear time: no back
    references, nothing that looks around, no long repetitions."""
    if not isinstance(value, str) or not value:
        return "must be a regular expression"
    if len(value) > MAX_PATTERN:
        return f"must be at most {MAX_PATTERN} characters"
    if value.startswith("***") or re.search(r"\\[0-9]|\(\?[^:]", value):
        return "must not refer back, look around or switch modes"
    if any(int(n) > MAX_REPEAT for n in re.findall(r"\d+", " ".join(re.findall(r"\{([^}]*)\}", value)))):
        return f"must not repeat anything more than {MAX_REPEAT} times"
    if len(re.findall(r"\{\d", value)) > 3:
        return "must not count repetitions more than three times"
    return _refused(value)


@lru_cache(1000)
def _refused(pattern: str) -> str | None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT '' ~* %s", [pattern])
    except DataError as error:
        return f"is not a regular expression: {str(error).splitlines()[0]}"
    return None


def moment(value: Any) -> datetime | None:
    """A date or time in ISO form as an aware moment (UTC where it says nothing), else None."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if not 1 < found.year < 9999:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment_after(value: str) -> datetime:
    """The end of what a text names: midnight after a date, a microsecond after a time."""
    found = moment(value)
    assert found is not None
    return found + (timedelta(days=1) if len(value) <= 10 else timedelta(microseconds=1))
