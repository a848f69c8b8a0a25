"""Conditions on the properties of facts (`rules/properties.py`), as SQL and as what tells facts that matter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headwater.audience.rules import NEGATIONS, text_of, texts, where_test
from headwater.timeline.marks import AMOUNT, property_of, tells

from .checks import COMPARE
from .nodes import Heeds
from .scan import Scan
from .sql import Query


def heeds(where: list[dict[str, Any]]) -> Heeds | None:
    """The facts that meet all of these, where Python is sure to find the same ones as PostgreSQL: it lowers the case of
    letters beyond ASCII in another way."""
    names = frozenset(one["prop"] for one in where)
    folds = any("contains" in one.get("op", "eq") for one in where)
    if any("." in name for name in names) or (folds and not json.dumps(where, ensure_ascii=False).isascii()):
        return None
    meets = where_test(where)
    if not folds:
        return Heeds(names, meets)
    return Heeds(names, lambda data: not all(text_of(data.get(n)).isascii() for n in names) or meets(data))


def where_sql(query: Query, scan: Scan, kind: str, condition: Mapping[str, Any]) -> str:
    """One property condition over a fact `q` of a kind; agrees with rules.where_test."""
    op: str = condition.get("op", "eq")
    value: Any = condition.get("value")
    if op in NEGATIONS:
        return f"NOT {where_sql(query, scan, kind, {**condition, 'op': NEGATIONS[op]})}"
    if op in COMPARE and condition["prop"] == AMOUNT:
        return f"coalesce({scan.property('f.amount')} {COMPARE[op]} {query.bind(value, 'numeric')}, false)"
    x = scan.property("f.mark" if _marked(kind, condition) else way(query, condition["prop"], "->>"))
    if op in COMPARE:
        return (
            f"(CASE WHEN jsonb_typeof({scan.property(way(query, condition['prop'], '->'))}) = 'number' "
            f"THEN {x}::numeric {COMPARE[op]} {query.bind(value, 'numeric')} ELSE false END)"
        )
    x = f"coalesce({x}, '')"
    if op == "empty":
        return f"({x} = '')"
    if op in ("eq", "in"):
        wanted = [text_of(v) for v in (value if op == "in" else [value])]
        if len(wanted) == 1:
            return f"({x} = {query.bind(wanted[0], 'text')})"
        return f"({x} = ANY({query.bind(wanted, 'text[]')}))"
    if op == "contains":
        return f"(position({query.bind(value.lower(), 'text')} in lower({x})) > 0)"
    parts = []
    for item in texts(value):
        bound = query.bind(item, "text")
        parts.append(
            f"starts_with({x}, {bound})" if op == "starts_with" else f"(right({x}, length({bound})) = {bound})"
        )
    return "(" + " OR ".join(parts) + ")"


def _marked(kind: str, condition: Mapping[str, Any]) -> bool:
    """Whether the mark beside the fact answers it."""
    op, value = condition.get("op", "eq"), condition.get("value")
    if condition["prop"] != property_of(kind) or op not in ("eq", "in", "starts_with", "empty"):
        return False
    return op == "empty" or all(tells(text_of(v)) for v in (value if isinstance(value, list) else [value]))


def way(query: Query, name: str, arrow: str) -> str:
    """A property of a fact by name; a dot reaches into an object ("fields.company"), as in rules.prop."""
    whole = f"f.data {arrow} {query.bind(name, 'text')}"
    if "." not in name:
        return f"({whole})"
    way = query.bind(name.split("."), "text[]")
    return f"coalesce({whole}, f.data #{arrow[1:]} {way})"
