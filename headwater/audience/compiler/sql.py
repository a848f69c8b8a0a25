"""Tree -> SQL (see `statements.py` for whole statements). One shape serves the whole base, a range of it, a batch of
people, the preview and the explanation:

    SELECT p.id, <inside>, <turns> FROM (
        SELECT c.id, <leaf 1> AS b1, <its next turn> AS t1, ... FROM people_contact c LEFT JOIN ... WHERE <scope>) p

Every side table is joined once per leaf as a subquery that is aggregated by person and bears the scope itself, so
that a batch reads only its own people, through the indexes that lead with the person. Leaves about facts of one kind
share one pass over them (`scan.Scan`). What depends on the time is bound late: a compiled statement serves again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from .nodes import Group, Leaf, Node, Not, Sql
from .scan import Scan


@dataclass(frozen=True)
class Scope:
    """Whom to ask about: `ids`, or a range of ids (above `low`, up to `high`), or everybody."""

    ids: Sequence[int] | None = None
    low: int | None = None
    high: int | None = None


EVERYBODY = Scope()
#: Up to so many people, facts are looked up for each of them rather than read as a whole
FEW = 20_000


@dataclass(frozen=True)
class Late:
    """A parameter that follows from the moment at which the statement runs."""

    of: Callable[[datetime], Any]
    key: Any = None


def ago(length: timedelta) -> Late:
    """So long before now."""
    return Late(lambda now: now - length, ("ago", length))


def ahead(length: timedelta) -> Late:
    """So long after now."""
    return Late(lambda now: now + length, ("ahead", length))


def on_day(of: Callable[[date], Any]) -> Late:
    """What follows from today (UTC)."""
    return Late(lambda now: of(now.date()))


def resolve(recipe: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The parameters as they are at a moment."""
    return {name: value.of(now) if isinstance(value, Late) else value for name, value in recipe.items()}


@dataclass
class Query:
    """Collects parameters and joins while leaves say themselves. timeless: nobody asks for turns. may: nobody asks for
    more than who can be inside, now or by time alone (`must`).

    place: where the leaf stands that says itself: "all" where the whole holds only if it does, "none" where only if it
    does not, "" elsewhere.
    """

    scope: Scope = EVERYBODY
    timeless: bool = False
    may: bool = False
    place: str = ""
    #: The ids of a batch, for side tables
    hidden: str = "SELECT %(ids)s::bigint[]"
    params: dict[str, Any] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    company: bool = False
    _scans: dict[str, Scan] = field(default_factory=dict)
    #: Passes that are put off, and what they must say: of one person, and joined
    _later: dict[str, Scan] = field(default_factory=dict)
    _late: list[tuple[str, str, str]] = field(default_factory=list)
    #: The select of those for whom all the others hold, and whether what was put off is asked together with them
    early: str = ""
    together: bool = False
    _aliases: dict[str, str] = field(default_factory=dict)
    _bound: dict[Any, str] = field(default_factory=dict)
    _seen: dict[str, Sql] = field(default_factory=dict)

    @property
    def batch(self) -> bool:
        """Whether this is about people named one by one."""
        return self.scope.ids is not None

    @property
    def bare(self) -> bool:
        """Whether everybody is asked, and for nothing but who it is: leaves may narrow what they join."""
        return (self.timeless or self.may) and not self.batch

    def bind(self, value: Any, cast: str) -> str:
        """A parameter with its type: never text inside the statement. The same one twice is one."""
        mark = (value.key or id(value)) if isinstance(value, Late) else repr(value)
        name = self._bound.get((mark, cast))
        if name is None:
            name = self._bound[mark, cast] = f"p{len(self._bound)}"
            self.params[name] = value
        return f"%({name})s::{cast}"

    def present(self) -> str:
        self.params.setdefault("now", Late(lambda now: now))
        return "%(now)s::timestamptz"

    def within_scope(self, column: str) -> str:
        """The scope as a condition on a column that holds the person's id."""
        if self.scope.ids is not None:
            self.params.setdefault("ids", list(self.scope.ids))
            if column == "c.id":
                return f"{column} = ANY(%(ids)s::bigint[])"
            # hidden from the planner, which would weigh each id against the statistics of each month
            return f"{column} = ANY(({self.hidden})::bigint[])"
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
        if select not in self._aliases:
            alias = self._aliases[select] = f"j{len(self._aliases)}"
            self.joins.append(f"LEFT JOIN ({select}) {alias} ON {alias}.person_id = c.id")
        return self._aliases[select]

    def there(self, select: str) -> Sql:
        """That a person is among those of a subquery, which holds nothing but them."""
        there = f"({self.join(select)}.person_id IS NOT NULL)"
        return Sql(there, None, there, True)

    def facts(self, kind: str, recent: bool) -> Scan:
        """The pass over the facts of a kind, for a leaf to add its columns to. For a batch of people one pass serves
        all kinds (their facts lie together), and another one those who ask all of the past, so that recent ones are
        not looked for in every month; for all people each kind has its own."""
        key = f"recent:{recent}" if self.batch else kind
        if key not in self._scans:
            self._scans[key] = Scan(self, f"e{len(self._scans)}")
        return self._scans[key]

    def later(self, kind: str, say: Callable[[Scan], str]) -> Sql:
        """Put off a condition on facts of a kind that must hold: where the others leave few people, it is asked about
        each of them, and else by one pass over all."""
        alone = Scan(self, "", of="c.id")
        scan = self._later.setdefault(kind, Scan(self, f"l{len(self._later)}"))
        self._late.append((kind, alone.one(say(alone)), say(scan)))
        return Sql("true", "NULL" if self.may else None, "true")

    def leaf(self, one: Leaf) -> Sql:
        """The leaf as columns of the inner select (the same leaf twice is asked once)."""
        seen = f"{type(one).__name__}:{self.place}:{one!r}"
        if seen not in self._seen:
            self._seen[seen] = self._said(one.sql(self))
        return self._seen[seen]

    def _said(self, said: Sql) -> Sql:
        if self.timeless:
            return Sql(said.value, None, said.must or said.value, said.exact)
        if self.may:
            return said if said.turns is not None else replace(said, must=said.must or said.value)
        n = len(self.columns)
        self.columns.append(f"{said.value} AS b{n}")
        if said.turns is None:
            return Sql(f"p.b{n}", None, said.must or said.value)
        self.columns.append(f"{said.turns} AS t{n}")
        return Sql(f"p.b{n}", f"p.t{n}", said.must)

    def source(self, where: str = "") -> str:
        """The inner select as a FROM item `p`."""
        company = " LEFT JOIN people_company co ON co.id = c.company_id" if self.company else ""
        columns = "".join(f", {column}" for column in self.columns)
        joins = " ".join([*self.joins, *(s.join() for s in self._scans.values())])
        scope = self.within_scope("c.id") + (f" AND {where}" if where else "")
        # the fence keeps each column from being computed again wherever it is used
        fence = " OFFSET 0" if self.columns else ""
        others = f"people_contact c{company} {joins}"
        if self._late:
            self.early = f"SELECT c.id FROM {others} WHERE {scope}" if _narrows(where) else ""
            return self._put_off(others, scope)
        return f"(SELECT c.id{columns} FROM {others} WHERE {scope}{fence}) p"

    def _put_off(self, others: str, where: str) -> str:
        """The select with the conditions that were put off."""
        scans = " ".join(
            scan.among(" AND ".join(joined for kind_, _, joined in self._late if kind_ == kind))
            for kind, scan in self._later.items()
        )
        if self.together or not self.early:
            return f"(SELECT c.id FROM {others} {scans} WHERE {where}) p"
        each = " AND ".join(one for _, one, _ in self._late)
        few = f"(SELECT count(*) FROM few) <= {FEW}"
        return (
            f"(WITH few AS MATERIALIZED (SELECT c.id FROM {others} WHERE {where}) "
            f"SELECT c.id FROM few c WHERE {few} AND {each} "
            f"UNION ALL SELECT c.id FROM few c {scans} WHERE NOT {few}) p"
        )


def compile_node(node: Node, query: Query, place: str = "all") -> Sql:
    """The truth of a tree and the next moment at which time alone can change it.

    A conjunction that is false stays so until all of its false children have turned; one that is true, until the
    first of its children turns; a disjunction the other way round. So people whom another condition keeps out cost
    no re-test.
    """
    if isinstance(node, Leaf):
        expanded = node.expand()
        query.place = place
        return query.leaf(node) if expanded is None else compile_node(expanded, query, place)
    if isinstance(node, Not):
        inner = compile_node(node.child, query, {"all": "none", "none": "all"}.get(place, ""))
        return Sql(f"NOT {inner.value}", inner.turns, _not(inner), inner.exact)
    assert isinstance(node, Group)
    if not node.children:
        value = "true" if node.op == "all" else "false"
        return Sql(value, None, value)
    below = place if len(node.children) == 1 or (node.op, place) == ("all", "all") else ""
    parts = [compile_node(child, query, below) for child in node.children]
    if len(parts) == 1:
        return parts[0]
    conjunction = node.op == "all"
    value = _join(conjunction, [p.value for p in parts])
    if conjunction:
        must = _join(True, [p.must for p in parts if p.must])
    else:
        must = _join(False, [p.must for p in parts]) if all(p.must for p in parts) else ""
    timeless = all(p.turns is None for p in parts)
    return Sql(value, None if timeless else _turns(parts, value, conjunction), must)


def _narrows(where: str) -> bool:
    return bool(where.translate(str.maketrans("", "", "() ")).replace("AND", "").replace("true", ""))


def _join(conjunction: bool, parts: list[str]) -> str:
    return "(" + (" AND " if conjunction else " OR ").join(parts) + ")" if parts else ""


def _not(inner: Sql) -> str:
    """What a negation needs: where time plays no part, that the inner one does not hold (NULL counts as false)."""
    if inner.turns is not None:
        return ""
    return f"NOT {inner.must}" if inner.exact else f"({inner.must}) IS NOT TRUE"


def _turns(parts: Sequence[Sql], value: str, conjunction: bool) -> str:
    first = ", ".join(p.turns for p in parts if p.turns is not None)
    last = ", ".join(
        f"CASE WHEN {'NOT ' if conjunction else ''}({p.value}) THEN "
        + ("'infinity'::timestamptz" if p.turns is None else f"coalesce({p.turns}, 'infinity'::timestamptz)")
        + " END"
        for p in parts
    )
    settled = value if conjunction else f"NOT {value}"
    return f"CASE WHEN {settled} THEN LEAST({first}) ELSE NULLIF(GREATEST({last}), 'infinity'::timestamptz) END"
