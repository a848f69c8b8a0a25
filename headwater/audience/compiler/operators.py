"""Operators of fields and of moments, each as SQL over an expression. Texts compare without regard to case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from headwater.audience.rules import span, texts

from .checks import COMPARE, NEGATIVE, moment, moment_after
from .late import ago, ahead, on_day
from .nodes import Sql
from .sql import Query


def text(query: Query, x: str, op: str, value: Any) -> str:
    """Truth of a text operator over the text expression `x` (may be NULL)."""
    if op in NEGATIVE:
        return f"NOT {text(query, x, NEGATIVE[op], value)}"
    if op == "matches":
        return f"(coalesce({x}, '') ~* {query.bind(value, 'text')})"
    if op == "empty":
        return f"(coalesce({x}, '') = '')"
    if any(_as_text(v) == "" for v in (value if isinstance(value, list) else [value])):
        return _lowered(query, f"lower(coalesce({x}, ''))", op, value)
    # strict, so that an outer join which it asks becomes an inner one
    return f"({x} IS NOT NULL AND {_lowered(query, f'lower({x})', op, value)})"


def _lowered(query: Query, x: str, op: str, value: Any) -> str:
    if op in ("eq", "in"):
        values = [_as_text(v).lower() for v in (value if op == "in" else [value])]
        if len(values) == 1:
            return f"({x} = {query.bind(values[0], 'text')})"
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


def code(query: Query, x: str, op: str, value: Any, fold: str) -> str:
    """Truth of eq, in and their negations over a column that holds codes in one case ("KR", "customer"; `fold`:
    "upper", "lower"): compared as they are, so that indexes and statistics serve."""
    if op in NEGATIVE:
        return f"NOT {code(query, x, NEGATIVE[op], value, fold)}"
    values = [getattr(_as_text(v), fold)() for v in (value if op == "in" else [value])]
    if len(values) == 1:
        return f"({x} IS NOT NULL AND {x} = {query.bind(values[0], 'text')})"
    return f"({x} IS NOT NULL AND {x} = ANY({query.bind(values, 'text[]')}))"


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


def several(query: Query, x: str, op: str, value: Any) -> str:
    """Truth of an operator over an expression that is a list of texts (may be NULL)."""
    if op in NEGATIVE:
        return f"NOT {several(query, x, NEGATIVE[op], value)}"
    if op == "empty":
        return f"(coalesce(cardinality({x}), 0) = 0)"
    if op == "has":
        return f"coalesce({query.bind(value, 'text')} = ANY({x}), false)"
    sign = "@>" if op == "has_all" else "&&"
    return f"coalesce({x}::text[] {sign} {query.bind(list(value), 'text[]')}, false)"


def seconds(query: Query, length: timedelta) -> str:
    """A length of time as an interval."""
    return f"make_interval(secs => {query.bind(length.total_seconds(), 'float8')})"


def at_moment(query: Query, x: str, op: str, value: Any) -> Sql:
    """An operator over the timestamptz expression `x` (may be NULL), with the moment at which it turns by itself.

    within "7d": in the last 7 days (a moment exactly 7 days ago is out). older_than: before that. within_next: from
    now up to 7 days ahead. between: from the beginning of the first day to the end of the last.
    """
    if op == "empty":
        return Sql(f"({x} IS NULL)")
    if op == "not_empty":
        return Sql(f"({x} IS NOT NULL)")
    if op in ("before", "after"):
        return Sql(f"coalesce({x} {'<' if op == 'before' else '>='} {query.bind(moment(value), 'timestamptz')}, false)")
    if op == "between":
        low, high = query.bind(moment(value[0]), "timestamptz"), query.bind(moment_after(value[1]), "timestamptz")
        return Sql(f"coalesce({x} >= {low} AND {x} < {high}, false)")
    return _relative(query, x, op, value)


def _later(query: Query, x: str, length: timedelta) -> str:
    """So long after `x`, and before the years end: 9999-12-31 is written for "never"."""
    return f"LEAST({x} + {seconds(query, length)}, '9999-12-31 00:00+00'::timestamptz)"


def _relative(query: Query, x: str, op: str, value: Any) -> Sql:
    length, now = span(value), query.present()
    if op == "within":
        edge = query.bind(ago(length), "timestamptz")
        turns = f"CASE WHEN {x} > {now} THEN {x} WHEN {x} > {edge} THEN {_later(query, x, length)} END"
        return Sql(f"coalesce({x} > {edge} AND {x} <= {now}, false)", turns)
    if op == "older_than":
        edge = query.bind(ago(length), "timestamptz")
        return Sql(f"coalesce({x} <= {edge}, false)", f"CASE WHEN {x} > {edge} THEN {_later(query, x, length)} END")
    edge = query.bind(ahead(length), "timestamptz")
    # in from x - length to x; one microsecond later it is past
    turns = (
        f"CASE WHEN {x} > {edge} THEN {x} - {seconds(query, length)} "
        f"WHEN {x} >= {now} THEN {x} + interval '1 microsecond' END"
    )
    return Sql(f"coalesce({x} >= {now} AND {x} <= {edge}, false)", turns)


def on_date(query: Query, x: str, op: str, value: Any) -> Sql:
    """An operator over the date expression `x`; days begin at midnight UTC."""
    if op in ("eq", "ne"):
        found = moment(value)
        assert found is not None
        same = f"coalesce({x} = {query.bind(found.date(), 'date')}, false)"
        return Sql(same if op == "eq" else f"NOT {same}")
    if op == "anniversary":
        return _anniversary(query, x, span(value).days)
    return at_moment(query, f"({x}::timestamp AT TIME ZONE 'UTC')", op, value)


TODAY, THIS_YEAR = on_day(lambda day: day), on_day(lambda day: day.year)


def _anniversary(query: Query, x: str, days: int) -> Sql:
    """The yearly return of a date falls on today or on one of the next `days` days. Who was born on 29 February
    celebrates on the 28th in other years (what adding years makes of it)."""
    t, year = query.bind(TODAY, "date"), query.bind(THIS_YEAR, "int")
    this = f"({x} + make_interval(years => {year} - extract(year FROM {x})::int))::date"
    after = f"({x} + make_interval(years => {year} + 1 - extract(year FROM {x})::int))::date"
    comes = f"(CASE WHEN {this} >= {t} THEN {this} ELSE {after} END)"
    reach = query.bind(days, "int")
    value = f"coalesce({comes} <= {t} + {reach}, false)"
    day = f"(CASE WHEN {comes} <= {t} + {reach} THEN {comes} + 1 ELSE {comes} - {reach} END)"
    return Sql(value, f"CASE WHEN {x} IS NOT NULL THEN {day}::timestamp AT TIME ZONE 'UTC' END")


def by_type(query: Query, type: str, x: str, op: str, value: Any) -> Sql:
    """An operator over an expression of this type (fields.TYPES)."""
    if type == "datetime":
        return at_moment(query, x, op, value)
    if type == "date":
        return on_date(query, x, op, value)
    if type == "choices":
        return Sql(several(query, x, op, value))
    if type in ("number", "money", "user"):
        return Sql(number(query, x, op, value))
    return Sql(text(query, x, op, value))
