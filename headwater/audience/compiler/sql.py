"""Tree -> SQL. One shape serves the whole base, a range of it, a batch of people, the preview and the explanation:

    SELECT p.id, <inside>, <turns> FROM (
        SELECT c.id, <leaf 1> AS b1, <its next turn> AS t1, ... FROM people_contact c LEFT JOIN ... WHERE <scope>) p

Every side table is joined once per leaf as a subquery that is aggregated by person and bears the scope itself, so
that a batch reads only its own people, through the indexes that lead with the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .nodes import Group, Leaf, Node, Not, Sql


@dataclass(frozen=True)
class Scope:
    """Whom to ask about: `ids`, or a range of ids (above `low`, up to `high`), or everybody."""

    ids: Sequence[int] | None = None
    low: int | None = None
    high: int | None = None


EVERYBODY = Scope()


@dataclass
class Query:
    """Collects parameters and joins while leaves say themselves."""

    now: datetime
    scope: Scope = EVERYBODY
    params: dict[str, Any] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    company: bool = False
    _seen: dict[str, Sql] = field(default_factory=dict)

    def bind(self, value: Any, cast: str) -> str:
        """A parameter with its type: never text inside the statement."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s::{cast}"

    def present(self) -> str:
        self.params.setdefault("now", self.now)
        return "%(now)s::timestamptz"

    def within_scope(self, column: str) -> str:
        """The scope as a condition on a column that holds the person's id."""
        if self.scope.ids is not None:
            self.params.setdefault("ids", list(self.scope.ids))
            return f"{column} = ANY(%(ids)s::bigint[])"
        parts = []
        if self.scope.low is not None:
            self.params.setdefault("low", self.scope.low)
            parts.append(f"{column} > %(low)s::bigint")
        if self.scope.high is not None:
            self.params.setdefault("high", self.scope.high)
            parts.append(f"{column} <= %(high)s::bigint")
        return " AND ".join(parts) or "true"

    def join(self, select: str) -> str:
        """LEFT JOIN a subquery with a column person_id (one row a person); returns its alias."""
        alias = f"j{len(self.joins)}"
        self.joins.append(f"LEFT JOIN ({select}) {alias} ON {alias}.person_id = c.id")
        return alias

    def leaf(self, one: Leaf) -> Sql:
        """The leaf as columns of the inner select (the same leaf twice is asked once)."""
        seen = f"{type(one).__name__}:{one!r}"
        if seen not in self._seen:
            said = one.sql(self)
            n = len(self.columns)
            self.columns.append(f"{said.value} AS b{n}")
            if said.turns is not None:
                self.columns.append(f"{said.turns} AS t{n}")
                n = len(self.columns) - 2
            self._seen[seen] = Sql(f"p.b{n}", None if said.turns is None else f"p.t{n}")
        return self._seen[seen]

    def source(self) -> str:
        """The inner select as a FROM item `p`."""
        company = " LEFT JOIN people_company co ON co.id = c.company_id" if self.company else ""
        columns = "".join(f", {column}" for column in self.columns)
        joins = " ".join(self.joins)
        return f"(SELECT c.id{columns} FROM people_contact c{company} {joins} WHERE {self.within_scope('c.id')}) p"


def compile_node(node: Node, query: Query) -> Sql:
    """The truth of a tree and the next moment at which time alone can change it.

    A conjunction that is false stays so until all of its false children have turned; one that is true, until the
    first of its children turns; a disjunction the other way round. So people whom another condition keeps out cost
    no re-test.
    """
    if isinstance(node, Leaf):
        expanded = node.expand()
        return query.leaf(node) if expanded is None else compile_node(expanded, query)
    if isinstance(node, Not):
        inner = compile_node(node.child, query)
        return Sql(f"NOT {inner.value}", inner.turns)
    assert isinstance(node, Group)
    if not node.children:
        return Sql("true" if node.op == "all" else "false")
    parts = [compile_node(child, query) for child in node.children]
    if len(parts) == 1:
        return parts[0]
    conjunction = node.op == "all"
    value = "(" + (" AND " if conjunction else " OR ").join(p.value for p in parts) + ")"
    if all(p.turns is None for p in parts):
        return Sql(value)
    first = ", ".join(p.turns for p in parts if p.turns is not None)
    last = ", ".join(
        f"CASE WHEN {'NOT ' if conjunction else ''}({p.value}) THEN "
        + ("'infinity'::timestamptz" if p.turns is None else f"coalesce({p.turns}, 'infinity'::timestamptz)")
        + " END"
        for p in parts
    )
    settled = value if conjunction else f"NOT {value}"
    turns = f"CASE WHEN {settled} THEN LEAST({first}) ELSE NULLIF(GREATEST({last}), 'infinity'::timestamptz) END"
    return Sql(value, turns)


@dataclass(frozen=True)
class Statement:
    """`source` with its parameters; `inside` and `turns` are expressions over it."""

    source: str
    inside: str
    turns: str
    params: dict[str, Any]


def statement(node: Node, *, now: datetime, scope: Scope = EVERYBODY) -> Statement:
    """The compiled condition, ready for a SELECT over `source`."""
    query = Query(now, scope)
    said = compile_node(node, query)
    source = query.source()
    return Statement(source, said.value, said.turns or "NULL::timestamptz", query.params)
