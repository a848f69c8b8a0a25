"""Conditions on records that belong to a person (deals; later orders, tickets): one correlated condition.

    {"deal": [{"field": "status", "op": "eq", "value": "open"}, {"field": "amount", "op": "gt", "value": 500}],
     "count": {"op": "gte", "value": 1}}

All conditions of the list speak of the same record; "has none" is `not`. A package says what its records are:

    @leaf("deal")
    class DealLeaf(RecordsLeaf):
        label, table, person = _("deal"), "sales_deal d JOIN ...", "d.contact_id"
        fields = {"amount": RecordField(_("Amount"), "money", "d.amount"), ...}
        kinds = ("deal.created", ...)  # facts that a change of a record records about the person
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import connection
from django.utils.translation import gettext as _

from . import words
from .checks import NEGATIVE, OPS, check
from .counts import COUNT_SCHEMA, counted, least, parse_count
from .late import resolve
from .nodes import At, Leaf, Sql
from .operators import by_type
from .sql import Query, Scope


@dataclass(frozen=True)
class RecordField:
    """A field of a record; `column`: trusted SQL over the leaf's `table`.

    each: trusted SQL, what follows FROM, of parts of the record that have the field (lines of an order): it is asked
    whether one of them is so, and after "not", whether none is.
    """

    label: Any
    type: str
    column: str
    choices: Callable[[], list[tuple[Any, Any]]] | None = None
    each: str = ""


@dataclass(frozen=True)
class RecordsLeaf(Leaf):
    """Base of leaf types on records; subclasses are made by `@leaf` and only say where the records are."""

    where_json: str = "[]"
    count_op: str = "gte"
    count: Any = 1
    #: What one is called, FROM, the column with the person's id, an expression that names a record to people
    label: ClassVar[Any] = ""
    table: ClassVar[str] = ""
    person: ClassVar[str] = ""
    name: ClassVar[str] = "NULL::text"
    fields: ClassVar[Mapping[str, RecordField]] = {}
    kinds: ClassVar[tuple[str, ...]] = ()
    keys = ("count",)

    @classmethod
    def register(cls) -> None:
        cls.schema = schema_of(cls)

    @property
    def where(self) -> list[dict[str, Any]]:
        return list(json.loads(self.where_json))

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        items = raw[cls.type]
        if not isinstance(items, list):
            at.wrong("must be a list of conditions on one record", f".{cls.type}")
            items = []
        for n, item in enumerate(items):
            _check(cls, item, at.below(f".{cls.type}[{n}]"))
        op, count = parse_count(raw, at)
        where = json.dumps(items, sort_keys=True)
        return cls(where, op, tuple(count) if isinstance(count, list) else count, path=at.path)

    def sql(self, query: Query) -> Sql:
        said = [_said(query, self.fields[item["field"]], item) for item in self.where]
        always = [one.value for one in said if one.turns is None]
        timely = [one for one in said if one.turns is not None]
        if query.timeless:
            always, timely = [one.value for one in said], []
        which = f" FILTER (WHERE {' AND '.join(one.value for one in timely)})" if timely else ""
        turns = f", min(LEAST({', '.join(str(one.turns) for one in timely)})) AS turns" if timely else ""
        where = " AND ".join([query.within_scope(self.person), *always])
        alias = query.join(
            f"SELECT {self.person} AS person_id, count(*){which} AS n{turns} FROM {self.table} WHERE {where} "
            f"AND {self.person} IS NOT NULL GROUP BY 1"
        )
        value = counted(query, f"coalesce({alias}.n, 0)", self.count_op, self.count)
        must = ""
        if least(self.count_op, self.count) > 0:
            must = counted(query, f"{alias}.n", self.count_op, self.count)
            must = f"({must} OR {alias}.turns IS NOT NULL)" if timely else must
        return Sql(value, f"{alias}.turns" if timely else None, must)

    def needs(self) -> frozenset[str]:
        return frozenset(f"kind:{kind}" for kind in self.kinds)

    def says(self) -> str:
        parts = [_one(self.fields[item["field"]], item) for item in self.where]
        said = f"{self.label} ({_(' and ').join(parts)})" if parts else str(self.label)
        if (self.count_op, self.count) == ("gte", 1):
            return _("has %(what)s") % {"what": said}
        return _("has %(what)s %(times)s") % {"what": said, "times": words.times(self.count_op, self.count)}

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        """The newest records that meet the conditions."""
        from headwater.core import clock

        query = Query(Scope(ids=[person_id]), timeless=True)
        where = [f"{self.person} = {query.bind(person_id, 'bigint')}"]
        where += [_said(query, self.fields[item["field"]], item).value for item in self.where]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.name} FROM {self.table} WHERE {' AND '.join(where)} ORDER BY 1 LIMIT 5",
                resolve(query.params, clock.now()),
            )
            found = [str(row[0]) for row in cursor.fetchall()]
        return [{"text": text} for text in found] or [{"text": _("No such %(what)s") % {"what": self.label}}]


def _check(cls: type[RecordsLeaf], item: Any, at: At) -> None:
    if not isinstance(item, Mapping):
        at.wrong('must be an object such as {"field": "status", "op": "eq", "value": "open"}')
        return
    for key in item:
        if key not in ("field", "op", "value"):
            at.wrong("unknown key", f".{key}")
    name, op, value = item.get("field"), item.get("op", "eq"), item.get("value")
    found = cls.fields.get(name) if isinstance(name, str) else None
    if found is None:
        at.wrong(f"unknown field {name!r}; one of {', '.join(cls.fields)}", ".field")
        return
    ops = [one for one in OPS[found.type] if one != "held_for"]
    if op not in ops:
        at.wrong(f"unknown operator {op!r} for {name}; one of {', '.join(ops)}", ".op")
    elif problem := check(found.type, op, value):
        at.wrong(problem, ".value")


def _said(query: Query, found: RecordField, item: Mapping[str, Any]) -> Sql:
    column = f"{found.column}::numeric" if found.type in ("number", "money", "user") else found.column
    op: str = item.get("op", "eq")
    if not found.each:
        return by_type(query, found.type, column, op, item.get("value"))
    # "empty" says that no part has a value, so it is the negation here; a moment that turns would need one of each part
    turned = "not_empty" if op == "empty" else NEGATIVE.get(op, "") if op != "not_empty" else ""
    inner = by_type(query, found.type, column, turned or op, item.get("value")).value
    return Sql(f"{'NOT ' if turned else ''}EXISTS (SELECT FROM {found.each} AND {inner})")


def _one(found: RecordField, item: Mapping[str, Any]) -> str:
    op, value = item.get("op", "eq"), item.get("value")
    names = {str(v): str(label) for v, label in found.choices()} if found.choices else {}
    if isinstance(value, list) and op != "between":
        value = [names.get(str(v), v) for v in value]
    elif names:
        value = names.get(str(value), value)
    if op in ("empty", "not_empty"):
        return f"{found.label} {words.op_label(op)}"
    said = words.compare(op, value) if op == "between" else f"{words.op_label(op)} {words.value_of(op, value)}"
    return f"{found.label} {said}"


def schema_of(cls: type[RecordsLeaf]) -> dict[str, Any]:
    """The part of the JSON Schema of a leaf type on records."""
    item = {
        "type": "object",
        "required": ["field"],
        "properties": {"field": {"enum": list(cls.fields)}, "op": {"type": "string"}, "value": {}},
        "additionalProperties": False,
    }
    return {cls.type: {"type": "array", "items": item}, "count": COUNT_SCHEMA}
