"""{"field": "contact.country", "op": "eq", "value": "KR"} and, for how long: {"op": "held_for", "value": "7d",
"equals": "trial"}. A custom field is what the operator needs it to be, or what "as" says: {"field": "contact.seats",
"as": "number", "op": "eq", "value": 5}."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from headwater.audience.compiler import words
from headwater.audience.compiler.checks import OPS, check, moment, type_for
from headwater.audience.compiler.fields import TYPES, Field, field
from headwater.audience.compiler.nodes import At, Leaf, Sql, leaf
from headwater.audience.compiler.operators import at_moment, by_type, code
from headwater.audience.compiler.sql import Query


@leaf("field")
class FieldLeaf(Leaf):
    name: str
    op: str
    value: Any
    equals: Any = None
    as_type: str = ""
    keys = ("op", "value", "equals", "as")
    schema = {
        "field": {"type": "string"},
        "op": {"enum": sorted({op for ops in OPS.values() for op in ops})},
        "value": {},
        "equals": {},
        "as": {"enum": list(TYPES)},
    }

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        op, value, equals, as_type = raw.get("op", "eq"), raw.get("value"), raw.get("equals"), raw.get("as", "")
        try:
            found = field(raw["field"])
        except ValueError as error:
            at.wrong(str(error), ".field")
            return cls("", "", None)
        if "as" in raw and (as_type not in TYPES or not found.custom):
            at.wrong(f"one of {', '.join(TYPES)}" if found.custom else "only for a custom field", ".as")
            as_type = ""
        type = as_type or found.type
        if not isinstance(op, str) or op not in OPS[type]:
            at.wrong(f"unknown operator {op!r} for {found.name}; one of {', '.join(OPS[type])}", ".op")
        elif problem := check(_meant(type, op, value), op, value):
            at.wrong(problem, ".value")
        if op == "held_for" and not _can_be_held(type, equals):
            at.wrong("must be the value that is held", ".equals")
        if op != "held_for" and "equals" in raw:
            at.wrong("only beside the operator 'held_for'", ".equals")
        return cls(raw["field"], op, _freeze(value), equals, as_type, path=at.path)

    @property
    def found(self) -> Field:
        """The field, of the type that this condition takes it for."""
        found = field(self.name)
        type = self.as_type or found.type
        return replace(found, type=_meant(type, self.op, self.value)) if found.custom else found

    def sql(self, query: Query) -> Sql:
        found = self.found
        query.company = query.company or found.company
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        if self.op == "held_for":
            return self._held(query, found)
        return _said(query, found, self.op, value)

    def _held(self, query: Query, found: Field) -> Sql:
        """Since the last change that was one (a redundant write is none), or since she became a contact."""
        kinds, where = _changes(query, found)
        alias = query.join(
            f"SELECT f.person_id, max(f.at) AS since FROM timeline_fact f WHERE f.kind = ANY({kinds}) "
            f"AND {query.within_scope('f.person_id')} AND f.at <= {query.present()} AND {where} GROUP BY f.person_id"
        )
        holds = _said(query, found, "has" if found.type == "choices" else "eq", self.equals).value
        held = at_moment(query, f"coalesce({alias}.since, c.created_at)", "older_than", self.value)
        return Sql(
            f"({holds} AND {held.value})", f"CASE WHEN {holds} THEN {held.turns} END", "" if query.timeless else holds
        )

    def needs(self) -> frozenset[str]:
        own = f"field:{self.found.name}"
        return frozenset({own, "field:contact.company"} if self.name.startswith("company.") else {own})

    def says(self) -> str:
        return words.field(self)

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        return words.field_evidence(self, person_id)


def _freeze(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _meant(type: str, op: str, value: Any) -> str:
    """What a custom field must be for this operator, where nobody says."""
    return type_for(op, list(value) if isinstance(value, tuple) else value) if type == "custom" else type


def _can_be_held(type: str, equals: Any) -> bool:
    if type == "datetime":
        return False
    return moment(equals) is not None if type == "date" else isinstance(equals, (str, int, float, bool))


def _said(query: Query, found: Field, op: str, value: Any) -> Sql:
    if found.fold and op in ("eq", "ne", "in", "not_in"):
        return Sql(code(query, found.column, op, value, found.fold))
    # whether there is anything is asked of the text: what cannot be read as a number is there all the same
    bare = found.custom and op in ("empty", "not_empty")
    type = "text" if bare else found.type
    return by_type(query, type, _expression(query, found, type), op, value)


#: Texts that PostgreSQL reads as a date, or a date with a time, without an error
_DATE = "[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = (
    f"{_DATE}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{{1,6}})?)?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?)?"
)
_GUARDS = {"number": "-?[0-9]{1,40}([.][0-9]{1,40})?", "date": _DATE, "datetime": _TIME}


def _expression(query: Query, found: Field, type: str) -> str:
    """The field as SQL of this type; a custom one that cannot be read as such is NULL."""
    if not found.custom:
        return f"{found.column}::numeric" if type == "user" else found.column
    key = query.bind(found.custom, "text")
    as_text = f"({found.column} ->> {key})"
    if type == "choices":
        value = f"{found.column} -> {key}"
        listed = f"ARRAY(SELECT jsonb_array_elements_text({value}))"
        return (
            f"(CASE jsonb_typeof({value}) WHEN 'array' THEN {listed} WHEN 'null' THEN NULL ELSE ARRAY[{as_text}] END)"
        )
    base = {"money": "number", "user": "number"}.get(type, type)
    if base not in _GUARDS:
        return as_text
    reads = f"{as_text} ~ '^{_GUARDS[base]}$'"
    if base == "number":
        return f"(CASE WHEN {reads} THEN {as_text}::numeric END)"
    # the 31st of a month of thirty days is no date
    days = f"(date_trunc('month', (substr({as_text}, 1, 7) || '-01')::timestamp) + interval '1 month -1 day')"
    known = f"CASE WHEN {reads} THEN substr({as_text}, 9, 2)::int <= extract(day FROM {days}) ELSE false END"
    cast = "date" if base == "date" else "timestamptz"
    return f"(CASE WHEN {known} THEN {as_text}::{cast} END)"


def _changes(query: Query, found: Field) -> tuple[str, str]:
    """The kinds of facts that tell of a change of this field, and the condition that it changed in truth."""
    differs = "(f.data ->> 'before') IS DISTINCT FROM (f.data ->> 'after')"
    if found.name in ("contact.stage", "contact.owner"):
        kind = "stage.changed" if found.name == "contact.stage" else "owner.changed"
        return query.bind([kind], "text[]"), differs
    table, _dot, column = found.name.partition(".")
    names = [f"custom.{found.custom}", column] if found.custom else [column]
    if found.type == "user":
        names = ["owner_id", "owner"]
    tests = [_changed(query, name) for name in names]
    if table == "contact":
        return query.bind(["contact.updated"], "text[]"), f"({' OR '.join(tests)})"
    moved = " OR ".join(_changed(query, name) for name in ("company_id", "company"))
    return query.bind(["contact.updated", "company.updated"], "text[]"), (
        f"CASE f.kind WHEN 'company.updated' THEN {' OR '.join(tests)} ELSE {moved} END"
    )


def _changed(query: Query, name: str) -> str:
    key = query.bind(name, "text")
    return (
        f"(f.data -> 'changes' -> {key} IS NOT NULL AND "
        f"(f.data -> 'changes' -> {key} -> 0) IS DISTINCT FROM (f.data -> 'changes' -> {key} -> 1))"
    )
