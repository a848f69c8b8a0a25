"""{"event": "page.viewed", "where": [{"prop": "path", "op": "starts_with", "value": "/pricing"}],
"count": {"op": "gte", "value": 3}, "within": "30d"}: properties, count and window speak of the same facts.

"first" and "last" ask when the first or the last such fact was: {"last": {"op": "older_than", "value": "30d"}}.
Without a count: at least once. "Has not" is `not`. Facts of the future wait until their time has come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headwater.audience.compiler import words
from headwater.audience.compiler.nodes import At, Leaf, Sql, leaf
from headwater.audience.compiler.operators import COMPARE, at_moment, check
from headwater.audience.compiler.sql import Query
from headwater.audience.rules import NEGATIONS, PROP_OPS, is_kind, span, text_of, texts, where_problems

COUNT_OPS = ("eq", "ne", "gt", "gte", "lt", "lte", "between")
EDGE_OPS = ("within", "older_than", "before", "after")
MAX_COUNT = 100_000


@leaf("event")
class EventLeaf(Leaf):
    kind: str
    where_json: str = "[]"
    count_op: str = "gte"
    count: Any = 1
    within: str = ""
    first: tuple[str, str] | None = None
    last: tuple[str, str] | None = None
    keys = ("where", "count", "within", "first", "last")
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
        "count": {
            "type": "object",
            "required": ["value"],
            "properties": {"op": {"enum": list(COUNT_OPS)}, "value": {}},
            "additionalProperties": False,
        },
        "within": {"type": "string", "pattern": "^[0-9]{1,6}[smhdw]$"},
        "first": {"type": "object", "properties": {"op": {"enum": list(EDGE_OPS)}, "value": {"type": "string"}}},
        "last": {"type": "object", "properties": {"op": {"enum": list(EDGE_OPS)}, "value": {"type": "string"}}},
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
        op, count = _parse_count(raw, at)
        within = raw.get("within", "")
        if "within" in raw and (problem := check("datetime", "within", within)):
            at.wrong(problem, ".within")
        first, last = _parse_edge(raw, "first", at), _parse_edge(raw, "last", at)
        if isinstance(count, list):
            count = tuple(count)
        return cls(kind or "", json.dumps(where, sort_keys=True), op, count, within, first, last, path=at.path)

    def sql(self, query: Query) -> Sql:
        now = query.present()
        filters = [f"f.kind = {query.bind(self.kind, 'text')}", query.within_scope("f.person_id")]
        filters += [where_sql(query, condition) for condition in self.where]
        window = ""
        if self.within:
            edge = query.bind(query.now - span(self.within), "timestamptz")
            window = f" AND f.at > {edge}"
            if self.first is None and self.last is None:
                filters.append(f"f.at > {edge}")
        inside = f"FILTER (WHERE f.at <= {now}{window})"
        columns = [f"count(*) {inside} AS n", f"min(f.at) FILTER (WHERE f.at > {now}) AS ahead"]
        nth = self._expiring() if self.within else []
        for n in nth:
            newest = "max(f.at)" if n == 1 else "array_agg(f.at ORDER BY f.at DESC)"
            columns.append(f"{newest} {inside} AS e{n}" if n == 1 else f"({newest} {inside})[{n}] AS e{n}")
        columns += [
            f"{edge}(f.at) FILTER (WHERE f.at <= {now}) AS {name}"
            for name, edge, asked in (("first", "min", self.first), ("last", "max", self.last))
            if asked
        ]
        alias = query.join(
            f"SELECT f.person_id, {', '.join(columns)} FROM timeline_fact f WHERE {' AND '.join(filters)} "
            "GROUP BY f.person_id"
        )
        return self._said(query, alias, nth)

    def _said(self, query: Query, alias: str, nth: list[int]) -> Sql:
        values = [_counted(query, f"coalesce({alias}.n, 0)", self.count_op, self.count)]
        turns = [f"{alias}.ahead"]
        if self.within:
            length = f"make_interval(secs => {query.bind(span(self.within).total_seconds(), 'float8')})"
            turns += [f"{alias}.e{n} + {length}" for n in nth]
        for name, asked in (("first", self.first), ("last", self.last)):
            if asked:
                said = at_moment(query, f"{alias}.{name}", *asked)
                values.append(said.value)
                turns += [said.turns] if said.turns else []
        return Sql("(" + " AND ".join(values) + ")", f"LEAST({', '.join(turns)})")

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

    def says(self) -> str:
        return words.event(self)

    def evidence(self, person_id: int) -> list[dict[str, Any]]:
        return words.event_evidence(self, person_id)


def _parse_count(raw: Mapping[str, Any], at: At) -> tuple[str, Any]:
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


def _counted(query: Query, x: str, op: str, value: Any) -> str:
    if op == "between":
        low, high = (query.bind(v, "bigint") for v in value)
        return f"({x} BETWEEN {low} AND {high})"
    sign = {**COMPARE, "eq": "=", "ne": "<>"}[op]
    return f"({x} {sign} {query.bind(value, 'bigint')})"


def where_sql(query: Query, condition: Mapping[str, Any]) -> str:
    """One property condition over `f.data`; agrees with rules.where_test."""
    op: str = condition.get("op", "eq")
    value: Any = condition.get("value")
    if op in NEGATIONS:
        return f"NOT {where_sql(query, {**condition, 'op': NEGATIONS[op]})}"
    x = _property(query, condition["prop"], "->>")
    if op in COMPARE:
        return (
            f"(CASE WHEN jsonb_typeof({_property(query, condition['prop'], '->')}) = 'number' "
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


def _property(query: Query, name: str, arrow: str) -> str:
    """A property by name; a dot reaches into an object ("fields.company"), as in rules.prop."""
    whole = f"f.data {arrow} {query.bind(name, 'text')}"
    if "." not in name:
        return f"({whole})"
    way = query.bind(name.split("."), "text[]")
    return f"coalesce({whole}, f.data #{arrow[1:]} {way})"
