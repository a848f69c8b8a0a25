"""Which facts a rule means. Rules are entries, exits and goals of a journey; engine/rulebook.py lists their kinds.

{"kind": "form", "form": 3}     {"kind": "segment", "segment": 4}      {"kind": "tag", "tag": "vip"}
{"kind": "score", "model": "engagement", "band": "hot", "direction": "up"}      {"kind": "stage", "stage": "customer"}
{"kind": "points", "points": 50, "direction": "down"}
{"kind": "deal", "what": "moved", "stage": 7}
{"kind": "event", "event": "page.viewed", "where": [{"prop": "path", "op": "starts_with", "value": "/pricing"}]}
Rules of the kinds "manual", "date", "schedule" and "condition" mean no fact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headwater.audience.rules import BANDS, prop
from headwater.core.facts import _

from .duration import RuleError

Rule = Mapping[str, Any]

#: rule kind -> (kind of fact, property of the fact, key of the rule); "event" is apart
SHAPES: dict[str, tuple[str, str, str]] = {
    "form": ("form.submitted", "form", "form"),
    "segment": ("segment.entered", "segment", "segment"),
    "left_segment": ("segment.left", "segment", "segment"),
    "tag": ("tag.added", "tag", "tag"),
    "untag": ("tag.removed", "tag", "tag"),
    "score": ("score.band_changed", "after", "band"),
    "points": ("segment.entered", "segment", "segment"),
    "stage": ("stage.changed", "after", "stage"),
}


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _compare(test: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def compare(have: Any, want: Any) -> bool:
        a, b = _number(have), _number(want)
        return a is not None and b is not None and test(a, b)

    return compare


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _starts(have: Any, want: Any) -> bool:
    return _text(have).startswith(tuple(_text(w) for w in _list(want)))


def _list(want: Any) -> list[Any]:
    return list(want) if isinstance(want, (list, tuple)) else [want]


#: Those of segments and "exists"
OPS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda have, want: _text(have) == _text(want),
    "ne": lambda have, want: _text(have) != _text(want),
    "contains": lambda have, want: _text(want).lower() in _text(have).lower(),
    "not_contains": lambda have, want: _text(want).lower() not in _text(have).lower(),
    "starts_with": _starts,
    "not_starts_with": lambda have, want: not _starts(have, want),
    "ends_with": lambda have, want: _text(have).endswith(tuple(_text(w) for w in _list(want))),
    "in": lambda have, want: _text(have) in [_text(w) for w in want or []],
    "not_in": lambda have, want: _text(have) not in [_text(w) for w in want or []],
    "empty": lambda have, want: _text(have) == "",
    "not_empty": lambda have, want: _text(have) != "",
    "gt": _compare(lambda a, b: a > b),
    "gte": _compare(lambda a, b: a >= b),
    "lt": _compare(lambda a, b: a < b),
    "lte": _compare(lambda a, b: a <= b),
    "exists": lambda have, want: have is not None,
}


#: How often something happened, against a number
COUNTS: dict[str, Callable[[int, Any], bool]] = {
    "eq": lambda n, v: n == v,
    "ne": lambda n, v: n != v,
    "gt": lambda n, v: n > v,
    "gte": lambda n, v: n >= v,
    "lt": lambda n, v: n < v,
    "lte": lambda n, v: n <= v,
    "between": lambda n, v: v[0] <= n <= v[1],
}


def enough(count: Mapping[str, Any] | None) -> Callable[[int], bool]:
    """What {"op": "gte", "value": 3} says of a number; at least one where nothing is said."""
    test, value = COUNTS[(count or {}).get("op", "gte")], (count or {}).get("value", 1)
    return lambda n: test(n, value)


def fact_kind(rule: Rule) -> str | None:
    """The kind of fact that the rule hears; None where it hears none."""
    kind = rule.get("kind")
    if kind == "event":
        return str(rule["event"])
    if kind == "deal":
        return f"deal.{rule.get('what')}"
    if kind == "points" and rule.get("direction") == "down":
        return "segment.left"
    return SHAPES[kind][0] if kind in SHAPES else None


def matches(rule: Rule, kind: str, data: Mapping[str, Any]) -> bool:
    """Does this fact satisfy the rule?"""
    if fact_kind(rule) != kind:
        return False
    if rule["kind"] == "event":
        return holds(rule.get("where") or (), data)
    if rule["kind"] == "deal":
        return _deal(rule, data)
    _, prop, key = SHAPES[rule["kind"]]
    wanted = rule.get(key)
    if rule["kind"] == "score" and not _turned(rule, data):
        return False
    return wanted in (None, "", "any") or _text(data.get(prop)) == _text(wanted)


def _turned(rule: Rule, data: Mapping[str, Any]) -> bool:
    """Is it the score that the rule means, and did it go the way that the rule asks for?"""
    if data.get("model", "engagement") != (rule.get("model") or "engagement"):
        return False
    way = rule.get("direction") or "any"
    return way == "any" or (data.get("direction") or _way(data)) == way


def _way(data: Mapping[str, Any]) -> str:
    """The way of a change that was told before facts named it: bands were cold, warm and hot then."""
    before, after = (BANDS.index(b) if b in BANDS else 0 for b in (data.get("before"), data.get("after")))
    return "up" if after > before else "down"


def _deal(rule: Rule, data: Mapping[str, Any]) -> bool:
    stage, least = rule.get("stage"), rule.get("least")
    if rule.get("what") == "moved" and stage not in (None, "", "any") and _text(data.get("stage")) != _text(stage):
        return False
    return least in (None, "") or OPS["gte"](data.get("amount"), least)


def holds(where: Sequence[Mapping[str, Any]], data: Mapping[str, Any]) -> bool:
    """Do all conditions on the properties hold?"""
    return all(OPS[w.get("op", "eq")](prop(data, w["prop"]), w.get("value")) for w in where)


def check_where(conditions: Any, where: str) -> None:
    """Raises RuleError where conditions on an event's properties are malformed."""
    if not isinstance(conditions, list):
        raise RuleError(_("Conditions on properties are a list."), where)
    for one in conditions:
        if not isinstance(one, Mapping) or not isinstance(one.get("prop"), str):
            raise RuleError(_("Each condition names a property."), where)
        op = one.get("op", "eq")
        if not isinstance(op, str) or op not in OPS:
            raise RuleError(_("Unknown comparison “%(op)s”; known: %(ops)s."), where, op=op, ops=", ".join(OPS))
        if not _fits(op, one.get("value")):
            raise RuleError(_("This is no value for “%(op)s”."), where, op=op)


def _fits(op: str, value: Any) -> bool:
    """Can a property be compared with this in this way?"""
    if op in ("in", "not_in"):
        return isinstance(value, list) and all(map(_scalar, value))
    if op in ("starts_with", "not_starts_with", "ends_with"):
        return all(map(_scalar, _list(value)))
    if op in ("gt", "gte", "lt", "lte"):
        return _number(value) is not None
    return op in ("empty", "not_empty", "exists") or value is None or _scalar(value)


def _scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))
