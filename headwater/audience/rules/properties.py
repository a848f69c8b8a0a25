"""Spans of time, and conditions on a fact's properties."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

_SPAN = re.compile(r"(\d{1,6})\s*([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
#: Longest span: 20 years. Longer ones are a slip of the finger.
MAX_SPAN = timedelta(days=7305)


def span(text: Any) -> timedelta:
    """A length of time: "90s", "15m", "2h", "30d", "6w". Raises ValueError with what to write instead."""
    found = _SPAN.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f'not a length of time: {text!r}. Write "30d", "2h", "15m", "90s" or "6w".')
    out = timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    if out > MAX_SPAN:
        raise ValueError(f"{text!r} is longer than 20 years")
    return out


def is_kind(value: Any) -> bool:
    """Whether this can be the kind of a fact ("page.viewed"; kinds from the API need no dot)."""
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w.\-: ]{0,79}", value) is not None


Test = Callable[[Mapping[str, Any]], bool]

#: Operators on a fact's property -> what their value must be.
PROP_OPS: dict[str, str] = {
    "eq": "scalar",
    "ne": "scalar",
    "in": "list",
    "not_in": "list",
    "contains": "text",
    "not_contains": "text",
    "starts_with": "texts",
    "not_starts_with": "texts",
    "ends_with": "texts",
    "gt": "number",
    "gte": "number",
    "lt": "number",
    "lte": "number",
    "empty": "none",
    "not_empty": "none",
}
NEGATIONS = {"ne": "eq", "not_in": "in", "not_contains": "contains", "not_starts_with": "starts_with",
             "not_empty": "empty"}  # fmt: skip
MAX_LIST = 1000


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))


def texts(value: Any) -> list[str]:
    """One text or a list of them, as a list."""
    return [value] if isinstance(value, str) else list(value)


_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "scalar": (_is_scalar, "a text, a number or true/false"),
    "list": (lambda v: isinstance(v, list) and 0 < len(v) <= MAX_LIST and all(map(_is_scalar, v)), "a list of values"),
    "text": (lambda v: isinstance(v, str) and v != "", "a text"),
    "texts": (
        lambda v: (
            (isinstance(v, str) and v != "")
            or (isinstance(v, list) and 0 < len(v) <= MAX_LIST and all(isinstance(x, str) and x for x in v))
        ),
        "a text or a list of texts",
    ),
    "number": (_is_number, "a number"),
    "none": (lambda v: v is None, "nothing"),
}


def is_property(value: Any) -> bool:
    """Whether this can be the name of a fact's property; dots reach into objects ("fields.company")."""
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w.\- ]{0,79}", value) is not None


def where_problems(where: Any) -> list[tuple[str, str]]:
    """What is wrong with a list of property conditions: (path below `where`, message) pairs; empty if nothing."""
    if not isinstance(where, list):
        return [("", "must be a list of conditions")]
    out: list[tuple[str, str]] = []
    for n, item in enumerate(where):
        if not isinstance(item, dict):
            out.append((f"[{n}]", 'must be an object such as {"prop": "path", "op": "eq", "value": "/"}'))
            continue
        out += [(f"[{n}].{key}", "unknown key") for key in item if key not in ("prop", "op", "value")]
        prop, op = item.get("prop"), item.get("op", "eq")
        if not is_property(prop):
            out.append((f"[{n}].prop", "must be the name of a property"))
        if not isinstance(op, str) or op not in PROP_OPS:
            out.append((f"[{n}].op", f"unknown operator {op!r}; one of {', '.join(PROP_OPS)}"))
            continue
        fits, shape = _SHAPES[PROP_OPS[op]]
        if not fits(item.get("value")):
            out.append((f"[{n}].value", f"must be {shape} for {op!r}"))
    return out


def prop(data: Mapping[str, Any], name: str) -> Any:
    """A property by name; a dot reaches into an object ("fields.company")."""
    if name in data or "." not in name:
        return data.get(name)
    head, _, rest = name.partition(".")
    inner = data.get(head)
    return prop(inner, rest) if isinstance(inner, Mapping) else None


def text_of(value: Any) -> str:
    """A property as PostgreSQL's ->> shows it; a missing one is the empty text (facts leave empty fields out)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def where_test(where: Sequence[Mapping[str, Any]]) -> Test:
    """A predicate over a fact's data that holds when every condition does. The list must be free of problems."""
    tests = [_one(c["prop"], c.get("op", "eq"), c.get("value")) for c in where]
    if not tests:
        return lambda data: True
    if len(tests) == 1:
        return tests[0]
    return lambda data: all(test(data) for test in tests)


def _one(name: str, op: str, value: Any) -> Test:
    if op in NEGATIONS:
        positive = _one(name, NEGATIONS[op], value)
        return lambda data: not positive(data)
    if op in ("eq", "in"):
        wanted = {text_of(v) for v in (value if op == "in" else [value])}
        return lambda data: text_of(prop(data, name)) in wanted
    if op == "contains":
        needle = value.lower()
        return lambda data: needle in text_of(prop(data, name)).lower()
    if op == "starts_with":
        heads = tuple(texts(value))
        return lambda data: text_of(prop(data, name)).startswith(heads)
    if op == "ends_with":
        tails = tuple(texts(value))
        return lambda data: text_of(prop(data, name)).endswith(tails)
    if op == "empty":
        return lambda data: text_of(prop(data, name)) == ""
    return _compare(name, op, value)


def _compare(name: str, op: str, value: float) -> Test:
    def test(data: Mapping[str, Any]) -> bool:
        found = prop(data, name)
        if not _is_number(found):
            return False
        if op == "gt":
            return bool(found > value)
        if op == "gte":
            return bool(found >= value)
        if op == "lt":
            return bool(found < value)
        return bool(found <= value)

    return test
