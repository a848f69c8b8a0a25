"""Whole statements out of trees: for everybody or a range of people, and for many conditions about a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from headwater.core import clock

from .estimates import quarters, rows
from .late import resolve
from .nodes import Group, Node
from .sql import EVERYBODY, FEW, Query, Scope
from .trees import asks, compile_node

#: Where so many people are asked, ranges of them are asked apart
MANY = 100_000
#: Up to so many conditions of which any is enough are asked apart, where they have no more people than this
SIDES, ASIDE = 5, 200_000
#: Settings for a statement of ranges: processors take one each instead of sharing what is read for one
ALONE = "SET LOCAL min_parallel_table_scan_size = '4TB'; SET LOCAL min_parallel_index_scan_size = '4TB'"


@dataclass(frozen=True)
class Statement:
    """`source` with its parameters; `inside` and `turns` are expressions over it. seems: how many people, at most, it
    has in PostgreSQL's opinion, where that was asked. parted: whether it is a UNION of ranges of people."""

    source: str
    inside: str
    turns: str
    recipe: dict[str, Any]
    seems: int | None = None
    parted: bool = False

    def params(self, now: datetime, **others: Any) -> dict[str, Any]:
        """The parameters at a moment."""
        return resolve({**self.recipe, **others}, now)


def statement(
    node: Node,
    *,
    scope: Scope = EVERYBODY,
    timeless: bool = False,
    may: bool = False,
    prefix: str = "p",
    ranges: bool = False,
) -> Statement:
    """The compiled condition, ready for a SELECT over `source`. People of a range who are not inside and never will
    be by time alone may be left out of it; with `may` it holds nothing but the others, and perhaps some more. ranges:
    of many people, parts of them may be asked apart (see `_ranges`)."""
    if timeless and scope == EVERYBODY and (parts := _apart(node, prefix)):
        return parts
    query = Query(scope, timeless, may, prefix=prefix)
    said = compile_node(node, query)
    if ranges and timeless and query.by_ids(said.must) and (edges := _edges()):
        return _ranges(node, edges, prefix)
    source = query.source(said.must) if timeless or may else ""
    seems = rows(query.early, resolve(query.params, clock.now())) if query.early else None
    if seems is not None and seems > FEW:  # the others leave too many to look facts up for each
        query.together = True
        source = query.source(said.must)
    if timeless or may:
        return Statement(source, "true", "NULL::timestamptz", query.params, seems)
    source = query.source("" if query.batch else said.must)
    return Statement(source, said.value, said.turns or "NULL::timestamptz", query.params)


def _apart(node: Node, prefix: str) -> Statement | None:
    """Any of several conditions, each of which is met by few people in PostgreSQL's opinion: each finds its own by the
    way that is best for it, instead of all by looking at everybody."""
    if not isinstance(node, Group) or node.op != "any" or not 2 <= len(node.children) <= SIDES:
        return None
    parts: list[Statement] = []
    seems = 0
    for n, child in enumerate(node.children):
        one = statement(child, timeless=True, prefix=f"{prefix}{n}_")
        seems += rows(f"SELECT p.id FROM {one.source}", one.params(clock.now()))
        if seems > ASIDE:
            return None
        parts.append(one)
    found = " UNION ".join(f"SELECT p.id FROM {one.source}" for one in parts)
    recipe = {name: value for one in parts for name, value in one.recipe.items()}
    return Statement(f"({found}) p", "true", "NULL::timestamptz", recipe, seems)


def _edges() -> list[int]:
    """Ids that part people into ranges, where they are many."""
    edges = quarters()
    return edges if edges[-1] - edges[0] > MANY else []


def _ranges(node: Node, edges: Sequence[int], prefix: str) -> Statement:
    """The condition about ranges of people, each in a SELECT of its own. Where each is asked by one processor, in the
    order of the indexes, that costs half of what it costs processors to share one hash among them (`ALONE`)."""
    sources: list[str] = []
    recipe: dict[str, Any] = {}
    for n, (low, high) in enumerate(pairwise([None, *edges, None])):
        query = Query(Scope(low=low, high=high), timeless=True, prefix=f"{prefix}{n}_")
        said = compile_node(node, query)
        sources.append(f"SELECT p.id FROM {query.source(said.must)}")
        recipe |= query.params
    return Statement(f"({' UNION ALL '.join(sources)}) p", "true", "NULL::timestamptz", recipe, parted=True)


@dataclass(frozen=True)
class Several:
    """Many conditions over one `source`: (inside, turns) of each, in their order."""

    source: str
    said: tuple[tuple[str, str], ...]
    recipe: dict[str, Any]


def several(nodes: Sequence[Node]) -> Several:
    """Conditions asked together about a batch of people: a WITH query `batch` names them (id) and the conditions that
    are asked about each (wants, a bit for each condition; more columns are handed on). What is said of the other
    conditions means nothing."""
    query = Query(Scope(ids=[]))
    said = []
    for n, node in enumerate(nodes):
        query.bit = 1 << n
        said.append(compile_node(node, query))
    asked: dict[str, list[str]] = {alias: [] for alias in query.passes()}
    for n, node in enumerate(nodes):
        query.bit = 1 << n
        for alias, found in asked.items():
            found += [one] if (one := asks(node, query, alias)) else []
    source = query.layers({alias: f"LEAST({', '.join(found)})" for alias, found in asked.items()})
    return Several(source, tuple((s.value, s.turns or "NULL::timestamptz") for s in said), query.params)
