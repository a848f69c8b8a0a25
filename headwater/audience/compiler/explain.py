"""Why she is in, why he is not: every condition with its truth for one person, and what decides it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from .late import resolve
from .nodes import Group, Leaf, Node, Not, Sql
from .sql import Query, Scope
from .trees import compile_node
from .words import summary


@dataclass
class Verdict:
    """A condition and its truth. `op`: "all", "any", "not" or "" for a leaf; `evidence`: lines {"text", "at"?}."""

    path: str
    op: str
    says: str
    holds: bool
    evidence: list[dict[str, Any]] = field(default_factory=list)
    children: list[Verdict] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """`turns`: the next moment at which time alone can change the answer."""

    holds: bool
    turns: datetime | None
    verdict: Verdict


def explain(node: Node, person_id: int, *, now: datetime) -> Answer | None:
    """Ask every part of a condition about one person, in one statement; None where there is no such contact."""
    query = Query(Scope(ids=[person_id]))
    nodes = _walk(node)
    said: list[Sql] = [compile_node(one, query) for one in nodes]
    columns = ", ".join(one.value for one in said)
    with connection.cursor() as cursor:
        source = query.source()
        cursor.execute(f"SELECT {said[0].turns or 'NULL'}, {columns} FROM {source}", resolve(query.params, now))
        row = cursor.fetchone()
    if row is None:
        return None
    truths = iter(row[1:])
    verdict = _judge(node, truths, person_id)
    return Answer(verdict.holds, row[0], verdict)


def _children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Group):
        return node.children
    if isinstance(node, Not):
        return (node.child,)
    inner = node.expand() if isinstance(node, Leaf) else None
    return () if inner is None else (inner,)


def _walk(node: Node) -> list[Node]:
    return [node, *(one for child in _children(node) for one in _walk(child))]


def _judge(node: Node, truths: Any, person_id: int) -> Verdict:
    holds = bool(next(truths))
    children = [_judge(child, truths, person_id) for child in _children(node)]
    if isinstance(node, Leaf):
        evidence = [] if children else node.evidence(person_id)
        return Verdict(node.path, "", node.says(), holds, evidence, children)
    op = node.op if isinstance(node, Group) else "not"
    return Verdict(node.path, op, summary(node), holds, [], children)
