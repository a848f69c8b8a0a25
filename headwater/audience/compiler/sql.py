"""Tree -> SQL (see `statements.py` for whole statements). One shape serves the whole base, a range of it, a batch of
people, the preview and the explanation:

    SELECT p.id, <inside>, <turns> FROM (
        SELECT c.id, <leaf 1> AS b1, <its next turn> AS t1, ... FROM people_contact c LEFT JOIN ... WHERE <scope>) p

Every side table is joined once per leaf as a subquery by person. For everybody it bears the range itself; for people
named one by one it is LATERAL, one probe of an index for each of them, whatever PostgreSQL thinks of their number.
Leaves about facts of one kind share one pass over them (`scan.Scan`). Many conditions about a batch are asked in two
layers (`Query.layers`): facts are read where the others leave a question open. What depends on the time is bound late:
a compiled statement serves again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headwater.core import clock

from .estimates import estimate
from .late import Late, resolve
from .nodes import Leaf, Sql
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
#: A column of the contact besides her id
_FIELDS = re.compile(r"\bc\.(?!id\b)")


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
    #: Of many conditions: the bit of the one that is compiled, in a person's `wants`; 0 where there is but one
    bit: int = 0
    params: dict[str, Any] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    #: Columns that need facts, where these are read in a layer of their own
    late: list[str] = field(default_factory=list)
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
    #: What names of parameters begin with, where several queries stand in one statement
    prefix: str = "p"
    _seen: dict[str, tuple[Sql, frozenset[str]]] = field(default_factory=dict)
    #: Leaf -> the pass over facts that it asks, and since when it reads there
    _reads: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: What the leaf that says itself has joined so far, and which conditions want each join
    _used: set[str] = field(default_factory=set)
    _since: str = ""
    _wanted: dict[str, int] = field(default_factory=dict)

    @property
    def batch(self) -> bool:
        """Whether this is about people named one by one."""
        return self.scope.ids is not None

    @property
    def everybody(self) -> bool:
        """Whether this is about everybody."""
        return self.scope == EVERYBODY

    @property
    def bare(self) -> bool:
        """Whether everybody is asked, and for nothing but who it is: leaves may narrow what they join."""
        return (self.timeless or self.may) and not self.batch

    def bind(self, value: Any, cast: str) -> str:
        """A parameter with its type: never text inside the statement. The same one twice is one."""
        mark = (value.key or id(value)) if isinstance(value, Late) else repr(value)
        name = self._bound.get((mark, cast))
        if name is None:
            name = self._bound[mark, cast] = f"{self.prefix}{len(self._bound)}"
            self.params[name] = value
        return f"%({name})s::{cast}"

    def present(self) -> str:
        self.params.setdefault("now", Late(lambda now: now))
        return "%(now)s::timestamptz"

    def within_scope(self, column: str) -> str:
        """The scope as a condition on a column of a joined subquery that holds the person's id."""
        if self.batch:
            return f"{column} = c.id"
        return self._range(column)

    def _range(self, column: str) -> str:
        if self.scope.ids is not None:
            self.params.setdefault("ids", list(self.scope.ids))
            return f"{column} = ANY(%(ids)s::bigint[])"
        parts = []
        if self.scope.low is not None:
            parts.append(f"{column} > {self.bind(self.scope.low, 'bigint')}")
        if self.scope.high is not None:
            parts.append(f"{column} <= {self.bind(self.scope.high, 'bigint')}")
        return " AND ".join(parts) or "true"

    def by_ids(self, must: str) -> bool:
        """Whether what has been said asks of a contact nothing but her id, so that ranges of ids are read as fast as
        all of them."""
        passes = [scan.join() for scan in self._scans.values()]
        return not (self._late or self.company or _FIELDS.search(" ".join([must, *self._aliases, *passes])))

    def join(self, select: str) -> str:
        """LEFT JOIN a subquery with a column person_id (one row a person); returns its alias."""
        alias = self._aliases.setdefault(select, f"j{len(self._aliases)}")
        self._used.add(alias)
        return alias

    def cost(self, select: str) -> float:
        """What PostgreSQL thinks that a SELECT costs."""
        return float(estimate(select, resolve(self.params, clock.now()))["Total Cost"])

    def _found(self, others: str, found: list[str], where: str) -> str:
        """Those of the people that passes found for whom the others hold: where they are few, and PostgreSQL hears of
        that, each is looked up."""
        more = "".join(f" JOIN ({one}) m{n} ON m{n}.person_id = m0.person_id" for n, one in enumerate(found[1:], 1))
        few = f"(SELECT count(*) FROM m) <= {FEW}"
        return (
            f"(WITH m AS MATERIALIZED (SELECT m0.person_id FROM ({found[0]}) m0{more}) "
            f"SELECT c.id FROM {others} JOIN (SELECT person_id FROM m LIMIT {FEW}) m ON m.person_id = c.id "
            f"WHERE {few} AND {where} "
            f"UNION ALL SELECT c.id FROM {others} JOIN m ON m.person_id = c.id WHERE NOT {few} AND {where}) p"
        )

    def _joined(self, select: str, alias: str) -> str:
        if not self.batch:
            return f"LEFT JOIN ({select}) {alias} ON {alias}.person_id = c.id"
        return f"LEFT JOIN LATERAL (SELECT * FROM ({select}) s WHERE {self.wanted(alias)} OFFSET 0) {alias} ON true"

    def wanted(self, name: str) -> str:
        """Whether any condition that is asked about the person wants this join."""
        return f"(w.wants & {self._wanted.get(name, 0)}) <> 0" if self.bit else "true"

    def there(self, select: str) -> Sql:
        """That a person is among those of a subquery, which holds nothing but them."""
        there = f"({self.join(select)}.person_id IS NOT NULL)"
        return Sql(there, None, there, True)

    def facts(self, kind: str, since: str) -> Scan:
        """The pass over the facts of a kind, for a leaf to add its columns to; since: SQL of the moment after which it
        reads, "" for all of the past. For a batch of people one pass serves all kinds (their facts lie together), and
        another one those who ask all of the past, so that recent ones are not looked for in every month; for all people
        each kind has its own."""
        key = f"recent:{bool(since)}" if self.batch else kind
        if key not in self._scans:
            self._scans[key] = Scan(self, f"e{len(self._scans)}")
        self._used.add(self._scans[key].alias)
        self._since = since
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
        seen = f"{type(one).__name__}:{'' if self.batch else self.place}:{one!r}"
        if seen not in self._seen:
            self._used, before, self.company = set(), self.company, False
            said = one.sql(self)
            self._used |= {"co"} if self.company else set()
            self.company = self.company or before
            self._seen[seen] = self._said(said), frozenset(self._used)
            for alias in self._used & set(self.passes()):
                self._reads[repr(one)] = alias, self._since
        for name in self._seen[seen][1]:
            self._wanted[name] = self._wanted.get(name, 0) | self.bit
        return self._seen[seen][0]

    def reads(self, one: Leaf) -> tuple[str, str]:
        """The pass over facts that a leaf, which has said itself, asks (its alias, "" for none), and since when."""
        return self._reads.get(repr(one), ("", ""))

    def _said(self, said: Sql) -> Sql:
        if self.timeless:
            return Sql(said.value, None, said.must or said.value, said.exact)
        if self.may:
            return said if said.turns is not None else replace(said, must=said.must or said.value)
        columns = self.late if self.bit and self._used & set(self.passes()) else self.columns
        n = len(self.columns) + len(self.late)
        columns.append(f"{said.value} AS b{n}")
        if said.turns is None:
            return Sql(f"p.b{n}", None, said.must or said.value)
        columns.append(f"{said.turns} AS t{n}")
        return Sql(f"p.b{n}", f"p.t{n}", said.must)

    def source(self, where: str = "") -> str:
        """The inner select as a FROM item `p`."""
        company = " LEFT JOIN people_company co ON co.id = c.company_id" if self.company else ""
        columns = "".join(f", {column}" for column in self.columns)
        joins = " ".join([*self.joins(), *(s.join() for s in self._scans.values())])
        scope = self._range("c.id") + (f" AND {where}" if where else "")
        # the fence keeps each column from being computed again wherever it is used
        fence = " OFFSET 0" if self.columns else ""
        others = f"people_contact c{company} {joins}"
        if self._late:
            self.early = f"SELECT c.id FROM {others} WHERE {scope}" if _narrows(where) else ""
            return self._put_off(others, scope)
        return f"(SELECT c.id{columns} FROM {others} WHERE {scope}{fence}) p"

    def passes(self) -> list[str]:
        """The aliases of the passes over facts."""
        return [scan.alias for scan in self._scans.values()]

    def joins(self) -> list[str]:
        """The side tables."""
        return [self._joined(select, alias) for select, alias in self._aliases.items()]

    def layers(self, asks: Mapping[str, str]) -> str:
        """The inner select of many conditions as a FROM item `p`, about the rows (id, wants, more) of a WITH query
        `batch`. asks: alias of a pass over facts -> since when it is asked (NULL: it is not), over `y`, which is what
        is known without facts."""
        company = f"SELECT * FROM people_company s WHERE s.id = c.company_id AND {self.wanted('co')} OFFSET 0"
        joins = [f"LEFT JOIN LATERAL ({company}) co ON true"] if self.company else []
        columns = "".join(f", {column}" for column in self.columns)
        first = (
            f"SELECT w.*{columns} FROM batch w JOIN people_contact c ON c.id = w.id "
            f"{' '.join([*joins, *self.joins()])} OFFSET 0"
        )
        if not self._scans:
            return f"({first}) p"
        since = ", ".join(f"{asks[alias]} AS {alias}" for alias in self.passes())
        scans = " ".join(scan.join() for scan in self._scans.values())
        return (
            f"(SELECT y.*, {', '.join(self.late)} FROM (SELECT y.*, {since} FROM ({first}) y OFFSET 0) y {scans} "
            "OFFSET 0) p"
        )

    def _put_off(self, others: str, where: str) -> str:
        """The select with the conditions that were put off."""
        found = [
            scan.among(" AND ".join(joined for kind_, _, joined in self._late if kind_ == kind))
            for kind, scan in self._later.items()
        ]
        scans = " ".join(f"JOIN ({one}) m{n} ON m{n}.person_id = c.id" for n, one in enumerate(found))
        if self.together or not self.early:
            return self._found(others, found, where)
        each = " AND ".join(one for _, one, _ in self._late)
        few = f"(SELECT count(*) FROM few) <= {FEW}"
        return (
            f"(WITH few AS MATERIALIZED (SELECT c.id FROM {others} WHERE {where}) "
            f"SELECT c.id FROM few c WHERE {few} AND {each} "
            f"UNION ALL SELECT c.id FROM few c {scans} WHERE NOT {few}) p"
        )


def _narrows(where: str) -> bool:
    return bool(where.translate(str.maketrans("", "", "() ")).replace("AND", "").replace("true", ""))
