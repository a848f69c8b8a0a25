"""One pass over the facts of people, for all leaves that ask about facts of these kinds.

Each leaf adds aggregates over the facts that it counts; the facts are read once, grouped by person. With one leaf its
conditions narrow the pass itself; with several, the properties they look at are taken out of each fact once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    """Aggregates by person over timeline_fact, joined as `alias`; `q` is a fact in its expressions."""

    query: Query
    alias: str
    asked: list[Asked] = field(default_factory=list)
    _properties: dict[str, str] = field(default_factory=dict)
    _columns: dict[tuple[Asked, str, str], str] = field(default_factory=dict)

    def ask(self, kind: str, conditions: Sequence[str], since: str, until: str) -> Asked:
        """Have these facts read."""
        asked = Asked(self.query.bind(kind, "text"), tuple(conditions), since, until)
        if asked not in self.asked:
            self.asked.append(asked)
        return asked

    def property(self, way: str) -> str:
        """A property of the fact `q`: `way` leads from `f.data` to it."""
        return "q." + self._properties.setdefault(way, f"x{len(self._properties)}")

    def column(self, asked: Asked, aggregate: str, moment: str = "") -> str:
        """An aggregate over the asked facts, those of them for which `moment` (a condition on q.at) holds."""
        name = self._columns.setdefault((asked, aggregate, moment), f"a{len(self._columns)}")
        return f"{self.alias}.{name}"

    def join(self) -> str:
        """The pass as a LEFT JOIN."""
        alone = len(self.asked) == 1
        properties = "".join(f", {way} AS {name}" for way, name in self._properties.items())
        kinds = list(dict.fromkeys(a.kind for a in self.asked))
        kind = f"f.kind = {kinds[0]}" if len(kinds) == 1 else f"f.kind IN ({', '.join(kinds)})"
        where = [kind, self.query.within_scope("f.person_id"), *self._bounds()]
        several = "" if len(kinds) == 1 else ", f.kind"
        inner = f"SELECT f.person_id, f.at{several}{properties} FROM timeline_fact f WHERE {' AND '.join(where)}"
        columns = [
            f"{aggregate}{self._filter(asked, moment, alone, len(kinds) > 1)} AS {name}"
            for (asked, aggregate, moment), name in self._columns.items()
        ]
        narrow = " AND ".join(self.asked[0].conditions) if alone else ""
        return (
            f"LEFT JOIN (SELECT q.person_id, {', '.join(columns)} FROM ({inner}{'' if alone else ' OFFSET 0'}) q "
            f"{f'WHERE {narrow} ' if narrow else ''}GROUP BY q.person_id) {self.alias} ON {self.alias}.person_id = c.id"
        )

    def _bounds(self) -> list[str]:
        """The widest span of time that the leaves read."""
        out = []
        since, until = [a.since for a in self.asked], [a.until for a in self.asked]
        if all(since):
            out.append(f"f.at > {_edge('LEAST', since)}")
        if all(until):
            out.append(f"f.at <= {_edge('GREATEST', until)}")
        return out

    def _filter(self, asked: Asked, moment: str, alone: bool, kinds: bool) -> str:
        parts = [moment] if moment else []
        if not alone:
            parts += [f"q.kind = {asked.kind}"] if kinds else []
            parts += [f"q.at > {asked.since}"] if asked.since else []
            parts += [f"q.at <= {asked.until}"] if asked.until else []
            parts += asked.conditions
        return f" FILTER (WHERE {' AND '.join(parts)})" if parts else ""


def _edge(function: str, edges: list[str]) -> str:
    different = list(dict.fromkeys(edges))
    return different[0] if len(different) == 1 else f"{function}({', '.join(different)})"
