"""How many: the "count" of conditions on events and on records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .checks import COMPARE
from .nodes import At
from .sql import Query

COUNT_OPS = ("eq", "ne", "gt", "gte", "lt", "lte", "between")
MAX_COUNT = 100_000
#: What conditions on events and on records ask of a number among them
MEASURES = ("sum", "avg", "min", "max")
COUNT_SCHEMA = {
    "type": "object",
    "required": ["value"],
    "properties": {"op": {"enum": list(COUNT_OPS)}, "value": {}},
    "additionalProperties": False,
}


def parse_count(raw: Mapping[str, Any], at: At) -> tuple[str, Any]:
    """The operator and the number of a condition's "count" (without one: at least 1)."""
    if "count" not in raw:
        return "gte", 1
    count = raw["count"]
    if not isinstance(count, Mapping):
        at.wrong('must be an object such as {"op": "gte", "value": 3}', ".count")
        return "gte", 1
    op, value = count.get("op", "gte"), count.get("value")
    for key in count:
        if key not in ("op", "value"):
            at.wrong("unknown key", f".count.{key}")
    if op not in COUNT_OPS:
        at.wrong(f"unknown operator {op!r}; one of {', '.join(COUNT_OPS)}", ".count.op")
    numbers = value if op == "between" and isinstance(value, list) else [value]
    whole = all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= MAX_COUNT for n in numbers)
    ordered = op != "between" or (isinstance(value, list) and len(value) == 2 and whole and value[0] <= value[1])
    if not whole or not ordered:
        shape = "two whole numbers, the lower one first" if op == "between" else f"a whole number up to {MAX_COUNT}"
        at.wrong(f"must be {shape}", ".count.value")
        return "gte", 1
    return op, value


def least(op: str, value: Any) -> int:
    """How many there must be at least."""
    low: int = value[0] if isinstance(value, (list, tuple)) else value
    at_least: dict[str, int] = {"gte": low, "gt": low + 1, "eq": low, "between": low}
    return at_least.get(op, 0)


def counted(query: Query, x: str, op: str, value: Any) -> str:
    """Truth of a count over the expression `x`."""
    if op == "between":
        low, high = (query.bind(v, "bigint") for v in value)
        return f"({x} BETWEEN {low} AND {high})"
    sign = {**COMPARE, "eq": "=", "ne": "<>"}[op]
    return f"({x} {sign} {query.bind(value, 'bigint')})"
