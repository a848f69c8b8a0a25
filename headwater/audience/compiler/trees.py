"""What a tree of groups is, out of what its leaves are: its truth, its turns, and what it must know of a person."""

from __future__ import annotations

from collections.abc import Sequence

from .nodes import Group, Leaf, Node, Not, Sql, leaves_said
from .sql import Query


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


def undecided(node: Node, query: Query) -> tuple[str, str]:
    """Whether a tree that has been compiled can hold, and whether it can fail, as far as that is known without facts:
    SQL over `y`, "" where it can. Where one of them cannot be, neither its truth nor its turns depend on facts."""
    if isinstance(node, Leaf):
        expanded = node.expand()
        if expanded is not None:
            return undecided(expanded, query)
        said = query.leaf(node)
        if query.reads(node)[0]:
            return "", ""
        value = said.value.replace("p.", "y.")
        turns = f" OR {said.turns.replace('p.', 'y.')} IS NOT NULL" if said.turns is not None else ""
        return f"({value}{turns})", f"(NOT {value}{turns})"
    if isinstance(node, Not):
        return undecided(node.child, query)[::-1]
    assert isinstance(node, Group)
    if not node.children:
        return ("", "false") if node.op == "all" else ("false", "")
    parts = [undecided(child, query) for child in node.children]
    holds, fails = ([p[n] for p in parts] for n in (0, 1))
    every, some = (holds, fails) if node.op == "all" else (fails, holds)
    said_ = _join(True, [one for one in every if one]), _join(False, some) if all(some) else ""
    return said_ if node.op == "all" else said_[::-1]


def asks(node: Node, query: Query, scan: str) -> str:
    """Since when a tree that has been compiled asks a pass over facts about a person: SQL over `y` (NULL: it does not
    ask), "" where it never does."""
    since = dict.fromkeys(since for one in leaves_said(node) for alias, since in [query.reads(one)] if alias == scan)
    if not since:
        return ""
    truth = " AND ".join([f"(y.wants & {query.bit}) <> 0", *(one for one in undecided(node, query) if one)])
    edge = "'-infinity'::timestamptz" if "" in since else f"LEAST({', '.join(since)})"
    return f"CASE WHEN {truth} THEN {edge} END"


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
