"""A published graph made ready for walking: nodes in order, who listens to what. Cached, as versions never change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..models import JourneyVersion
from ..rules import matching
from . import deciding, rulebook
from .base import STEPS, Step


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a version. `targets`: arm -> the next step's id, or None for the end."""

    id: str
    kind: type[Step]
    settings: Mapping[str, Any]
    targets: Mapping[str, str | None]
    title: str
    #: Place in an order in which steps come before those they lead to
    rank: int


@dataclass(frozen=True, slots=True)
class Watch:
    """A condition that ends the way: in which state, and why."""

    state: str
    why: str
    when: Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    id: int
    journey_id: int
    name: str
    number: int
    graph: Mapping[str, Any]
    nodes: Mapping[str, Node]
    start: str | None
    has_loops: bool
    #: step id -> kinds of fact that may end the waiting there; None: any
    hears: Mapping[str, frozenset[str] | None]

    @property
    def goal(self) -> Mapping[str, Any] | None:
        return self.graph.get("goal") or None

    @property
    def exits(self) -> list[Mapping[str, Any]]:
        return self.graph.get("exits") or []

    @property
    def entry(self) -> list[Mapping[str, Any]]:
        return self.graph.get("entry") or []

    @property
    def only(self) -> Mapping[str, Any] | None:
        """The condition that whoever enters must meet."""
        return self.graph.get("only") or None

    @cached_property
    def watch(self) -> list[Watch]:
        """Goal and exits that are conditions."""
        rules = [("finished", "goal", self.goal)] if self.goal else []
        rules += [("exited", "exit:condition", rule) for rule in self.exits]
        return [Watch(state, why, rule["when"]) for state, why, rule in rules if rule["kind"] == "condition"]

    @cached_property
    def watch_hears(self) -> frozenset[str] | None:
        """The kinds of fact that can make one of them true; None: any."""
        return deciding.listens({"any": [w.when for w in self.watch]}, self) if self.watch else frozenset()

    @cached_property
    def watch_segments(self) -> frozenset[int]:
        """Segments kept for goals and exits that are conditions: who enters one may have to leave."""
        rules = [*([self.goal] if self.goal else []), *self.exits]
        return frozenset(rule["segment"] for rule in rules if rule["kind"] == "condition" and rule.get("segment"))

    @cached_property
    def ended_by(self) -> frozenset[str]:
        """The kinds of fact that may be the goal or an exit."""
        rules = [*self.exits, *([self.goal] if self.goal else [])]
        return frozenset(kind for rule in rules if (kind := matching.fact_kind(rule)))

    @property
    def reentry(self) -> Mapping[str, Any]:
        return self.graph.get("reentry") or {"rule": "when_finished"}


_cache: OrderedDict[int, Version] = OrderedDict()
CACHED = 500


def versions(ids: Iterable[int]) -> dict[int, Version]:
    """Ready versions by id, in one query for those not cached."""
    wanted = set(ids)
    missing = [i for i in wanted if i not in _cache]
    if missing:
        rows = JourneyVersion.objects.filter(pk__in=missing).select_related("journey")
        for row in rows:
            _cache[row.pk] = ready(
                row.pk, row.journey_id, row.journey.name, row.number, rulebook.with_segments(row.graph)
            )
        while len(_cache) > max(CACHED, len(wanted)):
            _cache.popitem(last=False)
    return {i: _cache[i] for i in wanted if i in _cache}


def forget(ids: Iterable[int] = ()) -> None:
    """Drop versions from this process's cache (a test rolled them back)."""
    for i in list(ids) or list(_cache):
        _cache.pop(i, None)


def ready(pk: int, journey_id: int, name: str, number: int, graph: Mapping[str, Any]) -> Version:
    """Make a graph ready for walking. It has passed `check` when it was published."""
    order, loops = order_of(graph)
    steps = graph.get("steps") or {}
    nodes = {
        key: Node(
            key,
            STEPS[steps[key]["kind"]],
            steps[key].get("settings") or {},
            {**targets_of(steps[key]), **jumps_of(steps[key])},
            steps[key].get("title") or "",
            rank,
        )
        for rank, key in enumerate(order)
    }
    version = Version(pk, journey_id, name, number, graph, nodes, graph.get("start"), loops, {})
    hears = {key: node.kind.hears(node, version) for key, node in nodes.items() if node.kind.waits}
    return Version(pk, journey_id, name, number, graph, nodes, graph.get("start"), loops, hears)


def targets_of(step: Mapping[str, Any]) -> dict[str, str | None]:
    """arm -> next step's id, or None for the end."""
    if "arms" in step:
        return dict(step["arms"] or {})
    return {"next": step.get("next")}


def jumps_of(step: Mapping[str, Any]) -> dict[str, str]:
    """arm -> the step it jumps to, for kinds of step that lead back on purpose."""
    kind = STEPS.get(step.get("kind", ""))
    return dict(kind.jumps(step.get("settings") or {})) if kind else {}


def order_of(graph: Mapping[str, Any], *, jumps: bool = True) -> tuple[list[str], bool]:
    """Steps that can be reached, each before those it leads to; and whether some way leads back."""
    steps = graph.get("steps") or {}
    done: list[str] = []
    state: dict[str, int] = {}
    loops = False
    start = graph.get("start")
    stack: list[tuple[str, list[str]]] = []

    def open_(key: str) -> None:
        state[key] = 1
        ways = {**targets_of(steps[key]), **(jumps_of(steps[key]) if jumps else {})}
        targets = [t for t in ways.values() if t is not None and t in steps]
        stack.append((key, list(dict.fromkeys(targets))))

    if start is not None and start in steps:
        open_(start)
    while stack:
        key, targets = stack[-1]
        if not targets:
            stack.pop()
            state[key] = 2
            done.append(key)
            continue
        target = targets.pop()
        if state.get(target) == 1:
            loops = True
        elif target not in state:
            open_(target)
    return done[::-1], loops
