"""{"field": "contact.country", "op": "eq", "value": "KR"} and, for how long: {"op": "held_for", "value": "7d",
"equals": "trial"}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headwater.audience.compiler import words
from headwater.audience.compiler.fields import Field, field
from headwater.audience.compiler.nodes import At, Leaf, Sql, leaf
from headwater.audience.compiler.operators import OPS, at_moment, check, number, on_date, text
from headwater.audience.compiler.sql import Query


@leaf("field")
class FieldLeaf(Leaf):
    name: str
    op: str
    value: Any
    equals: Any = None
    keys = ("op", "value", "equals")
    schema = {
        "field": {"type": "string"},
        "op": {"enum": sorted({op for ops in OPS.values() for op in ops})},
        "value": {},
        "equals": {},
    }

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        op, value, equals = raw.get("op", "eq"), raw.get("value"), raw.get("equals")
        try:
            found = field(raw["field"])
        except ValueError as error:
            at.wrong(str(error), ".field")
            return cls("", "", None)
        if not isinstance(op, str) or op not in OPS[found.type]:
            at.wrong(f"unknown operator {op!r} for {found.name}; one of {', '.join(OPS[found.type])}", ".op")
        elif problem := check(found.type, op, value):
            at.wrong(problem, ".value")
        if op == "held_for" and not isinstance(equals, (str, int, float, bool)):
            at.wrong("must be the value that is held", ".equals")
        if op != "held_for" and "equals" in raw:
            at.wrong("only beside the operator 'held_for'", ".equals")
        return cls(found.name, op, _freeze(value), equals, path=at.path)

    def sql(self, query: Query) -> Sql:
        found = field(self.name)
        query.company = query.company or found.company
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        if self.op == "held_for":
            return self._held(query, found)
        x = _expression(query, found, self.op, value)
        if found.type == "datetime":
            return at_moment(query, x, self.op, value)
        if found.type == "date":
            return on_date(query, x, self.op, value)
        if found.type == "texts":
            return Sql(_list(query, x, self.op, value))
        if found.type in ("number", "user") or (found.type == "custom" and _numeric(self.op)):
            return Sql(number(query, x, self.op, value))
        return Sql(text(query, x, self.op, value))

    def _held(self, query: Query, found: Field) -> Sql:
        """Since the last change that was one (a redundant write is none), or since she became a contact."""
        kind, where = _changes(query, found)
        alias = query.join(
            f"SELECT f.person_id, max(f.at) AS since FROM timeline_fact f WHERE f.kind = {query.bind(kind, 'text')} "
            f"AND {query.within_scope('f.person_id')} AND f.at <= {query.present()} AND {where} GROUP BY f.person_id"
        )
        x = _expression(query, found, "eq", self.equals)
        equal = number if found.type in ("number", "user") else text
        holds = equal(query, x, "eq", self.equals)
        held = at_moment(query, f"coalesce({alias}.since, c.created_at)", "older_than", self.value)
        return Sql(f"({holds} AND {held.value})", f"CASE WHEN {holds} THEN {held.turns} END")

    def needs(self) -> frozenset[str]:
        own = f"field:{self.name}"
        return frozenset({own, "field:contact.company"} if self.name.startswith("company.") else {own})

    def says(self) -> str:
        return words.field(self)

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        return words.field_evidence(self, person_id)


def _freeze(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _numeric(op: str) -> bool:
    return op in ("gt", "gte", "lt", "lte", "between")


def _expression(query: Query, found: Field, op: str, value: Any) -> str:
    if found.type != "custom":
        return f"{found.column}::numeric" if found.type in ("number", "user") else found.column
    key = query.bind(found.custom, "text")
    as_text = f"({found.column} ->> {key})"
    if not _numeric(op):
        return as_text
    return f"(CASE WHEN {as_text} ~ '^-?[0-9]+([.][0-9]+)?$' THEN {as_text}::numeric END)"


def _list(query: Query, x: str, op: str, value: Any) -> str:
    if op in ("has", "has_not"):
        held = f"coalesce({query.bind(value, 'text')} = ANY({x}), false)"
        return held if op == "has" else f"NOT {held}"
    empty = f"(coalesce(cardinality({x}), 0) = 0)"
    return empty if op == "empty" else f"NOT {empty}"


def _changes(query: Query, found: Field) -> tuple[str, str]:
    """The kind of fact that tells of a change of this field, and the condition that it changed in truth."""
    if found.name == "contact.stage":
        return "stage.changed", "(f.data ->> 'before') IS DISTINCT FROM (f.data ->> 'after')"
    if found.name == "contact.owner":
        return "owner.changed", "(f.data ->> 'before') IS DISTINCT FROM (f.data ->> 'after')"
    names = [found.name.removeprefix("contact.")]
    if found.custom:
        names.append(f"custom.{found.custom}")
    tests = []
    for name in names:
        key = query.bind(name, "text")
        tests.append(
            f"(f.data -> 'changes' -> {key} IS NOT NULL AND "
            f"(f.data -> 'changes' -> {key} -> 0) IS DISTINCT FROM (f.data -> 'changes' -> {key} -> 1))"
        )
    return "contact.updated", "(" + " OR ".join(tests) + ")"
