"""Conditions on records that belong to a person (deals, orders, tickets): one correlated condition.

    {"deal": [{"field": "status", "op": "eq", "value": "open"}, {"field": "amount", "op": "gt", "value": 500}],
     "count": {"op": "gte", "value": 1}, "sum": {"field": "amount", "op": "gte", "value": 1000}}

All conditions of the list speak of the same record; "count", and "sum", "avg", "min" and "max" of a number, of all the
records that meet them. "Has none" is `not`. A package says what its records are:

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
from decimal import Decimal
from typing import Any, ClassVar

from django.db import connection
from django.utils.translation import gettext as _

from . import words
from .checks import NEGATIVE, OPS, check
from .counts import COUNT_OPS, COUNT_SCHEMA, MEASURES, counted, least, parse_count
from .late import resolve
from .nodes import At, Leaf, Sql
from .operators import by_type, number
from .phrases import measured
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
    #: (sum | avg | min | max, field, operator, value)
    sums: tuple[tuple[str, str, str, Any], ...] = ()
    #: What one is called, FROM, the column with the person's id, an expression that names a record to people
    label: ClassVar[Any] = ""
    table: ClassVar[str] = ""
    person: ClassVar[str] = ""
    name: ClassVar[str] = "NULL::text"
    fields: ClassVar[Mapping[str, RecordField]] = {}
    kinds: ClassVar[tuple[str, ...]] = ()
    keys: ClassVar[tuple[str, ...]] = ("count",)

    @classmethod
    def register(cls) -> None:
        cls.schema = schema_of(cls)
        cls.keys = tuple(key for key in cls.schema if key != cls.type)

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
        sums = tuple(one for name in MEASURES if name in raw and (one := _parse_sum(cls, raw[name], name, at)))
        return cls(where, op, tuple(count) if isinstance(count, list) else count, sums, path=at.path)

    def sql(self, query: Query) -> Sql:
        said = [_said(query, self.fields[item["field"]], item) for item in self.where]
        always = [one.value for one in said if one.turns is None]
        timely = [one for one in said if one.turns is not None]
        if query.timeless:
            always, timely = [one.value for one in said], []
        which = f" FILTER (WHERE {' AND '.join(one.value for one in timely)})" if timely else ""
        turns = f", min(LEAST({', '.join(str(one.turns) for one in timely)})) AS turns" if timely else ""
        where = " AND ".join([query.within_scope(self.person), *always])
        measured = "".join(f", {self._measure(name, field)}{which} AS m{n}" for n, (name, field, *_) in self._sums())
        alias = query.join(
            f"SELECT {self.person} AS person_id, count(*){which} AS n{measured}{turns} FROM {self.table} WHERE {where} "
            f"AND {self.person} IS NOT NULL GROUP BY 1"
        )
        sums = [number(query, f"{alias}.m{n}", op, _thawed(value)) for n, (_n, _f, op, value) in self._sums()]
        value = " AND ".join([counted(query, f"coalesce({alias}.n, 0)", self.count_op, self.count), *sums])
        value, must = f"({value})" if sums else value, ""
        if least(self.count_op, self.count) > 0:
            must = " AND ".join([counted(query, f"{alias}.n", self.count_op, self.count), *sums])
            must = f"(({must}) OR {alias}.turns IS NOT NULL)" if timely else must
        return Sql(value, f"{alias}.turns" if timely else None, must)

    def needs(self) -> frozenset[str]:
        return frozenset(f"kind:{kind}" for kind in self.kinds)

    def says(self) -> str:
        parts = [_one(self.fields[item["field"]], item) for item in self.where]
        said = f"{self.label} ({_(' and ').join(parts)})" if parts else str(self.label)
        if (self.count_op, self.count) == ("gte", 1):
            said = _("has %(what)s") % {"what": said}
        else:
            said = _("has %(what)s %(times)s") % {"what": said, "times": words.times(self.count_op, self.count)}
        for name, field, op, value in self.sums:
            said += f", {words.compared(measured(name, str(self.fields[field].label)), op, value)}"
        return said

    def _sums(self) -> list[tuple[int, tuple[str, str, str, Any]]]:
        return list(enumerate(self.sums))

    def _measure(self, name: str, field: str) -> str:
        return f"{name}({self.fields[field].column}::numeric)"

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        """Records that meet the conditions, and what is measured of all of them."""
        from headwater.core import clock

        query = Query(Scope(ids=[person_id]), timeless=True)
        where = [f"{self.person} = {query.bind(person_id, 'bigint')}"]
        where += [_said(query, self.fields[item["field"]], item).value for item in self.where]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.name} FROM {self.table} WHERE {' AND '.join(where)} ORDER BY 1 LIMIT 5",
                resolve(query.params, clock.now()),
            )
            found = [{"text": str(row[0])} for row in cursor.fetchall()]
            if found and self.sums:
                asked = ", ".join(self._measure(name, field) for name, field, *_ in self.sums)
                cursor.execute(
                    f"SELECT {asked} FROM {self.table} WHERE {' AND '.join(where)}", resolve(query.params, clock.now())
                )
                found += [
                    {"text": f"{measured(name, str(self.fields[field].label))}: {_shown(value)}"}
                    for (name, field, *_), value in zip(self.sums, cursor.fetchone(), strict=True)
                ]
                found += self._mixed(where, resolve(query.params, clock.now()))
        return found or [{"text": _("No such %(what)s") % {"what": self.label}}]

    def _mixed(self, where: list[str], params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What to say where money of several currencies was measured together: nobody knows their rates."""
        if "currency" not in self.fields or all(self.fields[field].type != "money" for _n, field, *_v in self.sums):
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT {self.fields['currency'].column} FROM {self.table} WHERE {' AND '.join(where)} "
                "ORDER BY 1 LIMIT 10",
                params,
            )
            names = [str(name) for (name,) in cursor.fetchall() if name]
        if len(names) < 2:
            return []
        said = _("Amounts in %(currencies)s are taken as they stand, without conversion.")
        return [{"text": said % {"currencies": ", ".join(names)}}]


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


def _parse_sum(cls: type[RecordsLeaf], asked: Any, name: str, at: At) -> tuple[str, str, str, Any] | None:
    numbers = _numbers(cls)
    if not isinstance(asked, Mapping):
        at.wrong(f'must be an object such as {{"field": "{numbers[0]}", "op": "gte", "value": 500}}', f".{name}")
        return None
    for key in asked:
        if key not in ("field", "op", "value"):
            at.wrong("unknown key", f".{name}.{key}")
    field, op, value = asked.get("field"), asked.get("op", "gte"), asked.get("value")
    if field not in numbers:
        at.wrong(f"must be a number of the record: {', '.join(numbers)}", f".{name}.field")
    if op not in COUNT_OPS:
        at.wrong(f"unknown operator {op!r}; one of {', '.join(COUNT_OPS)}", f".{name}.op")
    elif problem := check("number", op, value):
        at.wrong(problem, f".{name}.value")
    return (name, str(field), op, tuple(value) if isinstance(value, list) else value)


def _numbers(cls: type[RecordsLeaf]) -> list[str]:
    """The fields that can be added up."""
    return [name for name, field in cls.fields.items() if field.type in ("number", "money") and not field.each]


def _thawed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Decimal | None) -> str:
    if value is None:
        return "—"
    whole = value == value.to_integral_value()
    return f"{int(value):,}" if whole else f"{round(value, 2):,f}"


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
    return words.phrase(str(found.label), op, value)


def schema_of(cls: type[RecordsLeaf]) -> dict[str, Any]:
    """The part of the JSON Schema of a leaf type on records."""
    item = {
        "type": "object",
        "required": ["field"],
        "properties": {"field": {"enum": list(cls.fields)}, "op": {"type": "string"}, "value": {}},
        "additionalProperties": False,
    }
    measure = {
        "type": "object",
        "required": ["field", "value"],
        "properties": {"field": {"enum": _numbers(cls)}, "op": {"enum": list(COUNT_OPS)}, "value": {}},
        "additionalProperties": False,
    }
    measures = dict.fromkeys(MEASURES, measure) if _numbers(cls) else {}
    return {cls.type: {"type": "array", "items": item}, "count": COUNT_SCHEMA, **measures}
