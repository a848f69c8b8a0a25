"""One pass over the facts of people, for all leaves that ask about facts of these kinds.

Each leaf adds aggregates over the facts that it counts; the facts are read once, grouped by person. With one leaf its
conditions narrow the pass itself. With several, what a fact says is taken out of it once (x), each condition is
judged once (k), and the aggregates only look at truths and times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from .estimates import quarters

if TYPE_CHECKING:
    from .sql import Query


@dataclass(frozen=True)
class Asked:
    """What a leaf reads: facts of `kind` that meet `conditions`, since `since` and up to `until` (SQL, or "")."""

    kind: str
    conditions: tuple[str, ...]
    since: str
    until: str


@dataclass
class Scan:
    """Aggregates by person over timeline_fact, joined as `alias`; `q` is a fact in its expressions. of: SQL of the one
    person whose facts are aggregated, where it is not joined but asked for her (`one`)."""

    query: Query
    alias: str
    of: str = ""
    asked: list[Asked] = field(default_factory=list)
    _properties: dict[str, str] = field(default_factory=dict)
    _numbers: dict[str, str] = field(default_factory=dict)
    _columns: dict[tuple[Asked | None, str, str], str] = field(default_factory=dict)

    def ask(self, kind: str, conditions: Sequence[str], since: str, until: str) -> Asked:
        """Have these facts read."""
        asked = Asked(self.query.bind(kind, "text"), tuple(conditions), since, until)
        if asked not in self.asked:
            self.asked.append(asked)
        return asked

    def property(self, way: str) -> str:
        """A property of the fact for a condition: `way` leads from `f.data` to it."""
        return "q." + self._properties.setdefault(way, f"x{len(self._properties)}")

    def number(self, expression: str) -> str:
        """An expression over properties for an aggregate."""
        return "q." + self._numbers.setdefault(expression, f"y{len(self._numbers)}")

    def column(self, asked: Asked, aggregate: str, moment: str = "") -> str:
        """An aggregate over the asked facts, those of them for which `moment` (a condition on q.at) holds."""
        if self.of:
            return aggregate + (f" FILTER (WHERE {moment})" if moment else "")
        return f"{self.alias}.{self._columns.setdefault((asked, aggregate, moment), f'a{len(self._columns)}')}"

    def ahead(self) -> str:
        """The first moment at which a fact of the future comes true, of all that this pass reads: for most leaves it
        is none of theirs, but there are few such facts, and a test too early is harmless."""
        key = (None, "min(q.at)", f"q.at > {self.query.present()}")
        return f"{self.alias}.{self._columns.setdefault(key, f'a{len(self._columns)}')}"

    def join(self) -> str:
        """The pass as a LEFT JOIN."""
        if self.query.batch:
            asked = f" WHERE y.{self.alias} IS NOT NULL" if self.query.bit else ""
            return f"LEFT JOIN LATERAL (SELECT * FROM ({self._select()}) s{asked} OFFSET 0) {self.alias} ON true"
        return f"LEFT JOIN ({self._select()}) {self.alias} ON {self.alias}.person_id = c.id"

    def _select(self, among: str = "") -> str:
        alone = len(self.asked) == 1
        source, where = self._alone(among) if alone else self._together()
        columns = ", ".join(
            f"{aggregate}{self._filter(asked, moment, alone)} AS {name}"
            for (asked, aggregate, moment), name in self._columns.items()
        )
        if self.query.batch:
            return f"SELECT {columns} FROM ({source}) q{where}"
        return f"SELECT q.person_id, {columns} FROM ({source}) q{where} GROUP BY q.person_id"

    def among(self, must: str) -> str:
        """The select of those for whom `must` (over the columns) holds, found once and by all processors: as a
        subquery of a parallel plan, each would count the same again. Facts that an index finds are better counted by
        ranges of people, each by a processor of its own; what PostgreSQL thinks that both cost decides."""
        found = self._among([""], must)
        if self.query.everybody and len(self.asked) == 1:
            edges = [self.query.bind(edge, "bigint") for edge in quarters()]
            ranges = [f"f.person_id > {low} AND f.person_id <= {high}" for low, high in pairwise(edges)]
            parted = self._among([f"f.person_id <= {edges[0]}", *ranges, f"f.person_id > {edges[-1]}"], must)
            found = min(found, parted, key=self.query.cost)
        return found

    def _among(self, ranges: Sequence[str], must: str) -> str:
        found = " UNION ALL ".join(
            f"SELECT {self.alias}.person_id FROM ({self._select(one)}) {self.alias} WHERE {must}" for one in ranges
        )
        return f"WITH a AS MATERIALIZED ({found}) SELECT person_id FROM a"

    def one(self, value: str) -> str:
        """A value over the aggregates, of the one person."""
        source, where = self._alone()
        return f"(SELECT {value} FROM ({source}) q{where})"

    def _facts(self, extra: str = "", among: str = "") -> str:
        kinds = list(dict.fromkeys(a.kind for a in self.asked))
        kind = f"f.kind = {kinds[0]}" if len(kinds) == 1 else f"f.kind IN ({', '.join(kinds)})"
        of = self.of or ("y.id" if self.query.bit else "")
        whose = f"f.person_id = {of}" if of else self.query.within_scope("f.person_id")
        where = [kind, whose, *([among] if among else []), *self._bounds()]
        if self.query.bit and len(where) > 2:  # as far back as the conditions about this person look
            where.append(f"f.at > y.{self.alias}")
        properties = "".join(f", {way} AS {name}" for way, name in self._properties.items())
        return f"SELECT f.person_id, f.at{extra}{properties} FROM timeline_fact f WHERE {' AND '.join(where)}"

    def _alone(self, among: str = "") -> tuple[str, str]:
        numbers = "".join(f", {way} AS {name}" for way, name in self._numbers.items())
        source = self._facts(among=among)
        if numbers:
            source = f"SELECT q.*{numbers} FROM ({source}) q"
        narrow = " AND ".join(self.asked[0].conditions)
        return source, f" WHERE {narrow}" if narrow else ""

    def _together(self) -> tuple[str, str]:
        truths = {(a.kind, a.conditions): self._truth(a) for a in self.asked}
        kinds = list(dict.fromkeys(a.kind for a in self.asked))  # compared as numbers from here on
        judged = "".join(
            f", ({' AND '.join([f'q.kind = {kinds.index(kind)}', *conditions])}) AS {name}"
            for (kind, conditions), name in truths.items()
        )
        numbers = "".join(f", {way} AS {name}" for way, name in self._numbers.items())
        number = " ".join(f"WHEN {kind} THEN {n}" for n, kind in enumerate(kinds))
        facts = self._facts(f", CASE f.kind {number} END AS kind")
        source = f"SELECT q.person_id, q.at{judged}{numbers} FROM ({facts} OFFSET 0) q OFFSET 0"
        return source, f" WHERE {' OR '.join(f'q.{name}' for name in truths.values())}"

    def _truth(self, asked: Asked) -> str:
        different = list(dict.fromkeys((a.kind, a.conditions) for a in self.asked))
        return f"k{different.index((asked.kind, asked.conditions))}"

    def _bounds(self) -> list[str]:
        """The widest span of time that the leaves read."""
        out = []
        since, until = [a.since for a in self.asked], [a.until for a in self.asked]
        if all(since):
            out.append(f"f.at > {_edge('LEAST', since)}")
        if all(until):
            out.append(f"f.at <= {_edge('GREATEST', until)}")
        return out

    def _filter(self, asked: Asked | None, moment: str, alone: bool) -> str:
        parts = []
        if not alone and asked is not None:
            parts.append(f"q.{self._truth(asked)}")
            parts += [f"q.at > {asked.since}"] if asked.since else []
            parts += [f"q.at <= {asked.until}"] if asked.until else []
        parts += [moment] if moment else []
        return f" FILTER (WHERE {' AND '.join(parts)})" if parts else ""


def _edge(function: str, edges: list[str]) -> str:
    different = list(dict.fromkeys(edges))
    return different[0] if len(different) == 1 else f"{function}({', '.join(different)})"
