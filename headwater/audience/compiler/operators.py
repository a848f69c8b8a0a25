"""Operators of fields and of moments, each as SQL over an expression. Texts compare without regard to case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from headwater.audience.rules import MAX_LIST, span, texts

from .nodes import Sql
from .sql import Query

TEXT_OPS = ("eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "not_starts_with", "ends_with",
            "empty", "not_empty", "held_for")  # fmt: skip
CHOICE_OPS = ("eq", "ne", "in", "not_in", "empty", "not_empty", "held_for")
NUMBER_OPS = ("eq", "ne", "gt", "gte", "lt", "lte", "between", "empty", "not_empty", "held_for")
MOMENT_OPS = ("within", "older_than", "within_next", "before", "after", "empty", "not_empty")
OPS: dict[str, tuple[str, ...]] = {
    "text": TEXT_OPS,
    "choice": CHOICE_OPS,
    "number": NUMBER_OPS,
    "datetime": MOMENT_OPS,
    "date": ("eq", "anniversary", *MOMENT_OPS),
    "texts": ("has", "has_not", "empty", "not_empty"),
    "user": ("eq", "ne", "in", "not_in", "empty", "not_empty", "held_for"),
    "custom": (*TEXT_OPS, "gt", "gte", "lt", "lte", "between"),
}
SPAN_OPS = ("within", "older_than", "within_next", "anniversary", "held_for")
LIST_OPS = ("in", "not_in")
NO_VALUE_OPS = ("empty", "not_empty")
NEGATIVE = {"ne": "eq", "not_in": "in", "not_contains": "contains", "not_starts_with": "starts_with",
            "not_empty": "empty", "has_not": "has"}  # fmt: skip
COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


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
    if op in ("before", "after") or type == "date":
        return None if moment(value) is not None else 'must be a date or time such as "2026-11-30"'
    if op == "between":
        fits = isinstance(value, list) and len(value) == 2 and all(_number(v) for v in value) and value[0] <= value[1]
        return None if fits else "must be a list of two numbers, the lower one first"
    if op in COMPARE:
        return None if _number(value) else "must be a number"
    return _check_equal(type, op, value)


def _check_equal(type: str, op: Any, value: Any) -> str | None:
    one: Callable[[Any], bool] = {"number": _number, "user": lambda v: isinstance(v, int)}.get(type, _scalar)
    if op in LIST_OPS:
        fits = isinstance(value, list) and 0 < len(value) <= MAX_LIST and all(one(v) for v in value)
        return None if fits else "must be a list of values, not empty"
    if op in ("starts_with", "not_starts_with", "ends_with"):
        items = value if isinstance(value, list) else [value]
        fits = bool(items) and len(items) <= MAX_LIST and all(isinstance(v, str) and v for v in items)
        return None if fits else "must be a text or a list of texts"
    if op in ("contains", "not_contains", "has", "has_not"):
        return None if isinstance(value, str) and value else "must be a text"
    if one(value):
        return None
    return {"number": "must be a number", "user": "must be the id of a user"}.get(type, "must be a text or number")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))


def moment(value: Any) -> datetime | None:
    """A date or time in ISO form as an aware moment (UTC where it says nothing), else None."""
    from datetime import UTC

    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def text(query: Query, x: str, op: str, value: Any) -> str:
    """Truth of a text operator over the text expression `x` (may be NULL)."""
    if op in NEGATIVE:
        return f"NOT {text(query, x, NEGATIVE[op], value)}"
    x = f"lower(coalesce({x}, ''))"
    if op == "empty":
        return f"({x} = '')"
    if op in ("eq", "in"):
        values = [_as_text(v).lower() for v in (value if op == "in" else [value])]
        return f"({x} = ANY({query.bind(values, 'text[]')}))"
    if op == "contains":
        return f"(position({query.bind(value.lower(), 'text')} in {x}) > 0)"
    parts = []
    for item in texts(value):
        bound = query.bind(item.lower(), "text")
        parts.append(
            f"starts_with({x}, {bound})" if op == "starts_with" else f"(right({x}, length({bound})) = {bound})"
        )
    return "(" + " OR ".join(parts) + ")"


def _as_text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def number(query: Query, x: str, op: str, value: Any) -> str:
    """Truth of a number operator over the numeric expression `x` (may be NULL: then only "not" and "empty" hold)."""
    if op in NEGATIVE:
        return f"NOT {number(query, x, NEGATIVE[op], value)}"
    if op == "empty":
        return f"({x} IS NULL)"
    if op == "between":
        low, high = (query.bind(v, "numeric") for v in value)
        return f"coalesce({x} BETWEEN {low} AND {high}, false)"
    if op == "in":
        return f"coalesce({x} = ANY({query.bind(list(value), 'numeric[]')}), false)"
    return f"coalesce({x} {COMPARE.get(op, '=')} {query.bind(value, 'numeric')}, false)"


def _seconds(query: Query, length: timedelta) -> str:
    return f"make_interval(secs => {query.bind(length.total_seconds(), 'float8')})"


def at_moment(query: Query, x: str, op: str, value: Any) -> Sql:
    """An operator over the timestamptz expression `x` (may be NULL), with the moment at which it turns by itself.

    within "7d": in the last 7 days (a moment exactly 7 days ago is out). older_than: before that. within_next: from
    now up to 7 days ahead.
    """
    if op == "empty":
        return Sql(f"({x} IS NULL)")
    if op == "not_empty":
        return Sql(f"({x} IS NOT NULL)")
    if op in ("before", "after"):
        return Sql(f"coalesce({x} {'<' if op == 'before' else '>='} {query.bind(moment(value), 'timestamptz')}, false)")
    length, now = span(value), query.present()
    if op == "within":
        edge = query.bind(query.now - length, "timestamptz")
        turns = f"CASE WHEN {x} > {now} THEN {x} WHEN {x} > {edge} THEN {x} + {_seconds(query, length)} END"
        return Sql(f"coalesce({x} > {edge} AND {x} <= {now}, false)", turns)
    if op == "older_than":
        edge = query.bind(query.now - length, "timestamptz")
        return Sql(
            f"coalesce({x} <= {edge}, false)", f"CASE WHEN {x} > {edge} THEN {x} + {_seconds(query, length)} END"
        )
    edge = query.bind(query.now + length, "timestamptz")
    # in from x - length to x; one microsecond later it is past
    turns = (
        f"CASE WHEN {x} > {edge} THEN {x} - {_seconds(query, length)} "
        f"WHEN {x} >= {now} THEN {x} + interval '1 microsecond' END"
    )
    return Sql(f"coalesce({x} >= {now} AND {x} <= {edge}, false)", turns)


def on_date(query: Query, x: str, op: str, value: Any) -> Sql:
    """An operator over the date expression `x`; days begin at midnight UTC."""
    if op == "eq":
        found = moment(value)
        assert found is not None
        return Sql(f"coalesce({x} = {query.bind(found.date(), 'date')}, false)")
    if op == "anniversary":
        return _anniversary(query, x, span(value).days)
    return at_moment(query, f"({x}::timestamp AT TIME ZONE 'UTC')", op, value)


def _anniversary(query: Query, x: str, days: int) -> Sql:
    """The yearly return of a date falls on today or on one of the next `days` days."""
    today: date = query.now.date()
    t, year = query.bind(today, "date"), query.bind(today.year, "int")
    this = f"({x} + make_interval(years => {year} - extract(year FROM {x})::int))::date"
    after = f"({x} + make_interval(years => {year} + 1 - extract(year FROM {x})::int))::date"
    comes = f"(CASE WHEN {this} >= {t} THEN {this} ELSE {after} END)"
    ahead = query.bind(days, "int")
    value = f"coalesce({comes} <= {t} + {ahead}, false)"
    day = f"(CASE WHEN {comes} <= {t} + {ahead} THEN {comes} + 1 ELSE {comes} - {ahead} END)"
    return Sql(value, f"CASE WHEN {x} IS NOT NULL THEN {day}::timestamp AT TIME ZONE 'UTC' END")
