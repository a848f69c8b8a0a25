"""{"event": "page.viewed", "where": [{"prop": "path", "op": "starts_with", "value": "/pricing"}],
"count": {"op": "gte", "value": 3}, "within": "30d"}: properties, count and window speak of the same facts.

Instead of "within", "between": ["2026-01-01", "2026-03-31"] (both days included). "sum", "avg", "min", "max" ask a
number among the properties of the same facts: {"sum": {"prop": "amount", "op": "gte", "value": 500}}. "first" and
"last" ask when the first or the last such fact was: {"last": {"op": "older_than", "value": "30d"}}. Without a count:
at least once. "Has not" is `not`. Facts of the future wait until their time has come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from headwater.audience.compiler import words
from headwater.audience.compiler.checks import check, moment, moment_after
from headwater.audience.compiler.counts import COUNT_OPS, COUNT_SCHEMA, MAX_COUNT, MEASURES, counted, least, parse_count
from headwater.audience.compiler.late import ago
from headwater.audience.compiler.nodes import At, Heeds, Leaf, Sql, leaf
from headwater.audience.compiler.operators import at_moment, number, seconds
from headwater.audience.compiler.properties import heeds, way, where_sql
from headwater.audience.compiler.scan import Asked, Scan
from headwater.audience.compiler.sql import Query
from headwater.audience.rules import PROP_OPS, is_kind, is_property, span, where_problems
from headwater.timeline.marks import AMOUNT

EDGE_OPS = ("within", "older_than", "before", "after")
_ANY = "num_nonnulls("
_TIME = {"type": "object", "properties": {"op": {"enum": list(EDGE_OPS)}, "value": {"type": "string"}}}
_SUM = {
    "type": "object",
    "required": ["prop", "value"],
    "properties": {"prop": {"type": "string"}, "op": {"enum": list(COUNT_OPS)}, "value": {}},
    "additionalProperties": False,
}


@leaf("event")
class EventLeaf(Leaf):
    kind: str
    where_json: str = "[]"
    count_op: str = "gte"
    count: Any = 1
    within: str = ""
    first: tuple[str, str] | None = None
    last: tuple[str, str] | None = None
    between: tuple[str, str] | None = None
    #: (sum | avg | min | max, property, operator, value)
    sums: tuple[tuple[str, str, str, Any], ...] = ()
    keys = ("where", "count", "within", "between", "first", "last", *MEASURES)
    schema = {
        "event": {"type": "string"},
        "where": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["prop"],
                "properties": {"prop": {"type": "string"}, "op": {"enum": list(PROP_OPS)}, "value": {}},
                "additionalProperties": False,
            },
        },
        "count": COUNT_SCHEMA,
        "within": {"type": "string", "pattern": "^[0-9]{1,6}[smhdw]$"},
        "between": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
        "first": _TIME,
        "last": _TIME,
        **dict.fromkeys(MEASURES, _SUM),
    }

    @property
    def where(self) -> list[dict[str, Any]]:
        return list(json.loads(self.where_json))

    @classmethod
    def parse(cls, raw: Mapping[str, Any], at: At) -> Leaf:
        kind = at.want(raw, "event", is_kind, 'a kind of event such as "page.viewed"')
        where = raw.get("where", [])
        for suffix, message in where_problems(where):
            at.wrong(message, f".where{suffix}")
        op, count = parse_count(raw, at)
        within, between = raw.get("within", ""), raw.get("between")
        if "within" in raw and (problem := check("datetime", "within", within)):
            at.wrong(problem, ".within")
        if "between" in raw and (problem := check("datetime", "between", between)):
            at.wrong(problem, ".between")
        if within and between:
            at.wrong("not beside 'within'", ".between")
        first, last = _parse_edge(raw, "first", at), _parse_edge(raw, "last", at)
        if isinstance(count, list):
            count = tuple(count)
        sums = tuple(one for name in MEASURES if name in raw and (one := _parse_sum(raw, name, at)))
        days = tuple(between) if isinstance(between, list) else None
        text = json.dumps(where, sort_keys=True)
        return cls(kind or "", text, op, count, within, first, last, days, sums, path=at.path)

    def sql(self, query: Query) -> Sql:
        since, until = self._window(query)
        whole = self.first is not None or self.last is not None
        if query.bare and query.place:
            if self._once() and not self.where:
                return self._some(query, since, until)
            if query.place == "all" and least(self.count_op, self.count):
                return query.later(self.kind, lambda scan: self._said(query, scan, since, until).must)
        scan = query.facts(self.kind, "" if whole else since)
        return self._said(query, scan, since, until)

    def _said(self, query: Query, scan: Scan, since: str, until: str) -> Sql:
        conditions = [where_sql(query, scan, self.kind, condition) for condition in self.where]
        whole = self.first is not None or self.last is not None
        past = until or (query.present() if query.timeless else "")
        asked = scan.ask(self.kind, conditions, "" if whole else since, "" if whole and until else past)
        if query.may:
            enough = f"({scan.column(asked, 'count(*)')} >= {query.bind(least(self.count_op, self.count), 'bigint')})"
            return Sql(enough, "NULL", enough if least(self.count_op, self.count) else "")
        timely = [f"q.at <= {query.present()}"] if past != query.present() else []
        narrow = timely + ([f"q.at > {since}"] if whole and since else [])
        narrow += [f"q.at <= {until}"] if whole and until else []
        inside = " AND ".join(narrow)
        count, turns = self._counting(query, scan, asked, inside)
        values = [counted(query, f"coalesce({count}, 0)", self.count_op, self.count)]
        values += [
            number(query, scan.column(asked, f"{name}({_numeric(scan, prop)})", inside), op, _thawed(value))
            for name, prop, op, value in self.sums
        ]
        for edge, said in (("min", self.first), ("max", self.last)):
            if said:
                one = at_moment(query, scan.column(asked, f"{edge}(q.at)", " AND ".join(timely)), *said)
                values.append(one.value)
                turns += [one.turns] if one.turns else []
        value = "(" + " AND ".join(values) + ")"
        must = self._must(query, scan, count, values)
        return Sql(value, None if query.timeless else f"LEAST({', '.join(turns)})", must)

    def _once(self) -> bool:
        """Whether any one fact is enough."""
        any_one = (self.count_op, self.count) in (("gte", 1), ("gt", 0))
        return any_one and not (self.sums or self.first or self.last)

    def _some(self, query: Query, since: str, until: str) -> Sql:
        """That there is such a fact, in a form that the planner may turn into a join."""
        ends = [*([until] if until else []), *([query.present()] if query.timeless else [])]
        bounds = [*([f"f.at > {since}"] if since else []), *[f"f.at <= {end}" for end in ends]]
        hers = ["f.person_id = c.id", query.within_scope("f.person_id")]  # PostgreSQL does not see that itself
        where = [*hers, f"f.kind = {query.bind(self.kind, 'text')}", *bounds]
        some = f"EXISTS (SELECT FROM timeline_fact f WHERE {' AND '.join(where)})"
        return Sql(some, "NULL" if query.may else None, some, True)

    def _window(self, query: Query) -> tuple[str, str]:
        """Since when (exclusive) and until when (inclusive) facts count, as SQL, "" where there is no bound."""
        if self.between:
            low, high = moment(self.between[0]), moment_after(self.between[1])
            assert low is not None
            tick = timedelta(microseconds=1)
            return query.bind(low - tick, "timestamptz"), query.bind(high - tick, "timestamptz")
        return (query.bind(ago(span(self.within)), "timestamptz"), "") if self.within else ("", "")

    def _counting(self, query: Query, scan: Scan, asked: Asked, inside: str) -> tuple[str, list[str]]:
        """How many facts count, and the moments at which time changes that: the next fact of the future, and the
        expiry of facts. Where many people are asked at once, the first expiry stands for the one that matters: a test
        too early is harmless, and tells the exact one."""
        count = scan.column(asked, "count(*)", inside) if query.timeless or not self.within else ""
        if query.timeless:
            return count, []
        if not self.within:
            return count, [scan.ahead()]
        edges, length = self._expiring(), seconds(query, span(self.within))
        turns = [scan.ahead()]
        if edges == [1] and not self.sums and (self.count_op, self.count) in (("gte", 1), ("lt", 1), ("gt", 0)):
            newest = scan.column(asked, "max(q.at)", inside)
            return f"{_ANY}{newest})", [*turns, f"{newest} + {length}"]
        if query.batch:
            moments = scan.column(asked, "array_agg(q.at ORDER BY q.at DESC)", inside)
            turns += [f"{moments}[{n}] + {length}" for n in edges]
            turns += [f"{moments}[cardinality({moments})] + {length}"] if self.sums else []
            return f"cardinality({moments})", turns
        count, oldest = scan.column(asked, "count(*)", inside), scan.column(asked, "min(q.at)", inside)
        enough = f"{count} >= {1 if self.sums else min(edges, default=MAX_COUNT)}"
        return count, [*turns, f"CASE WHEN {enough} THEN {oldest} + {length} END"]

    def _must(self, query: Query, scan: Scan, count: str, values: list[str]) -> str:
        least_ = least(self.count_op, self.count)
        if least_ < 1:
            return ""
        if query.timeless:
            return " AND ".join([counted(query, count, self.count_op, self.count), *values[1:]])
        enough = f"{count} >= {query.bind(least_, 'bigint')}"
        if count.startswith(_ANY):  # in a form by which the planner sees that it may join inwardly
            enough = f"{count.removeprefix(_ANY)[:-1]} IS NOT NULL"
        return f"({enough} OR {scan.ahead()} IS NOT NULL)"

    def _expiring(self) -> list[int]:
        """Counting from the newest, the facts whose expiry changes the answer."""
        low, high = self.count if isinstance(self.count, tuple) else (self.count, self.count)
        edges = {
            "gte": {low},
            "lt": {low},
            "gt": {low + 1},
            "lte": {low + 1},
            "eq": {low, low + 1},
            "ne": {low, low + 1},
            "between": {low, high + 1},
        }[self.count_op]
        return sorted(n for n in edges if n > 0)

    def needs(self) -> frozenset[str]:
        return frozenset({f"kind:{self.kind}"})

    def heeds(self, kind: str) -> Heeds | None:
        return heeds(self.where) if self.where else None

    def says(self) -> str:
        return words.event(self)

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        return words.event_evidence(self, person_id)


def _parse_edge(raw: Mapping[str, Any], name: str, at: At) -> tuple[str, str] | None:
    if name not in raw:
        return None
    asked = raw[name]
    op = asked.get("op") if isinstance(asked, Mapping) else None
    if op not in EDGE_OPS:
        at.wrong(f'must be an object with an "op" of {", ".join(EDGE_OPS)}, and a "value"', f".{name}")
        return None
    value = asked.get("value")
    if problem := check("datetime", op, value):
        at.wrong(problem, f".{name}.value")
        return None
    return (op, value)


def _parse_sum(raw: Mapping[str, Any], name: str, at: At) -> tuple[str, str, str, Any] | None:
    asked = raw[name]
    if not isinstance(asked, Mapping):
        at.wrong('must be an object such as {"prop": "amount", "op": "gte", "value": 500}', f".{name}")
        return None
    for key in asked:
        if key not in ("prop", "op", "value"):
            at.wrong("unknown key", f".{name}.{key}")
    prop, op, value = asked.get("prop"), asked.get("op", "gte"), asked.get("value")
    if not is_property(prop):
        at.wrong("must be the name of a property", f".{name}.prop")
    if op not in COUNT_OPS:
        at.wrong(f"unknown operator {op!r}; one of {', '.join(COUNT_OPS)}", f".{name}.op")
    elif problem := check("number", op, value):
        at.wrong(problem, f".{name}.value")
    return (name, str(prop), op, tuple(value) if isinstance(value, list) else value)


def _thawed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _numeric(scan: Scan, prop: str) -> str:
    """A property as a number; what is none does not count."""
    if prop == AMOUNT:
        return scan.number(scan.property("f.amount"))
    value = scan.property(way(scan.query, prop, "->"))
    return scan.number(f"CASE WHEN jsonb_typeof({value}) = 'number' THEN {value}::numeric END")
