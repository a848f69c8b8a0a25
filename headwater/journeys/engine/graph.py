"""A published graph made ready for walking: nodes in order, who listens to what. Cached, as versions never change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from ..models import JourneyVersion
from ..rules import matching
from ..rules.duration import RuleError, delta
from . import deciding, rulebook
from .base import STEPS, Step
from .fields import Days, Time

REENTRY = ("once", "when_finished", "always")


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
    order, loops = _order(graph)
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


def _order(graph: Mapping[str, Any], *, jumps: bool = True) -> tuple[list[str], bool]:
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


def check_shape(graph: Any) -> None:
    """A draft may be unfinished, but is made of the right parts. Raises RuleError with the place."""
    if not isinstance(graph, Mapping):
        raise RuleError(_("A journey is a JSON object."))
    steps = graph.get("steps") or {}
    if not isinstance(steps, Mapping):
        raise RuleError(_("Steps are a JSON object."), "steps")
    for key, step in steps.items():
        parts = [step] + ([step.get("settings") or {}, step.get("arms") or {}] if isinstance(step, Mapping) else [])
        if any(not isinstance(part, Mapping) for part in parts):
            raise RuleError(_("A step is a JSON object."), f"steps.{key}")
    for name in ("entry", "exits"):
        rules = graph.get(name) or []
        if not isinstance(rules, list) or any(not isinstance(rule, Mapping) for rule in rules):
            raise RuleError(_("Rules are a list of JSON objects."), name)
    for name in ("goal", "reentry", "only", "hours"):
        if not isinstance(graph.get(name) or {}, Mapping):
            raise RuleError(_("This is a JSON object."), name)


def problems(graph: Any) -> list[RuleError]:
    """Everything that keeps a graph from being published, each with its place ("steps.welcome.template")."""
    found: list[RuleError] = []
    if not isinstance(graph, Mapping):
        return [RuleError(_("A journey is a JSON object."))]
    steps = graph.get("steps")
    if not isinstance(steps, Mapping) or not steps:
        found.append(RuleError(_("A journey needs at least one step."), "steps"))
        steps = {}
    for key, step in steps.items():
        found += _step_problems(key, step, steps)
    if graph.get("start") not in steps and steps:
        found.append(RuleError(_("The first step is missing."), "start"))
    elif not found:
        order, _loops = _order(graph)
        _straight, loops = _order(graph, jumps=False)
        found += [RuleError(_("No way leads to this step."), f"steps.{key}") for key in steps if key not in order]
        if loops:
            found.append(RuleError(_("A step leads back to one before it."), "steps"))
    found += _rule_problems(graph, steps)
    return found


def _step_problems(key: str, step: Any, steps: Mapping[str, Any]) -> list[RuleError]:
    place = f"steps.{key}"
    if not isinstance(key, str) or not key or len(key) > 40:
        return [RuleError(_("A step's id has 1 to 40 characters."), place)]
    if not isinstance(step, Mapping) or step.get("kind") not in STEPS:
        return [RuleError(_("Unknown kind of step; known: %(kinds)s."), place, kinds=", ".join(sorted(STEPS)))]
    kind = STEPS[step["kind"]]
    settings = step.get("settings") or {}
    if not isinstance(settings, Mapping):
        return [RuleError(_("Settings are a JSON object."), f"{place}.settings")]
    found = []
    names = {f.name for f in kind.fields}
    found += [
        RuleError(_("This step has no such setting."), f"{place}.{name}") for name in settings if name not in names
    ]
    for f in kind.fields:
        try:
            f.clean(settings.get(f.name))
        except RuleError as error:
            found.append(RuleError(error.message, f"{place}.{f.name}"))
    if found:
        return found
    try:
        kind.check(settings, steps)
        arms = [arm for arm, _label in kind.arms(settings)]
    except RuleError as error:
        return [RuleError(error.message, f"{place}.{error.where}" if error.where else place)]
    targets = targets_of(step)
    found += [RuleError(_("The arm “%(arm)s” is not connected."), place, arm=arm) for arm in arms if arm not in targets]
    found += [RuleError(_("There is no arm “%(arm)s”."), place, arm=arm) for arm in targets if arm not in arms]
    found += [
        RuleError(_("It leads to a step that does not exist: %(step)s."), place, step=target)
        for target in targets.values()
        if target is not None and target not in steps
    ]
    return found


def _rule_problems(graph: Mapping[str, Any], steps: Mapping[str, Any]) -> list[RuleError]:
    found = []
    if graph.get("only"):
        found += rulebook.condition_problems(graph["only"], "only", {})
        if not found and deciding.has_own(graph["only"]):
            found.append(RuleError(_("Nothing has happened in the journey yet when somebody enters."), "only"))
    found += _hours_problems(graph.get("hours") or {})
    for name, use in (("entry", rulebook.ENTRY), ("exits", rulebook.EXIT)):
        rules = graph.get(name) or []
        if not isinstance(rules, list):
            found.append(RuleError(_("Rules are a list."), name))
            continue
        for n, rule in enumerate(rules):
            found += rulebook.check(rule, f"{name}.{n}", use, steps)
    if graph.get("goal"):
        found += rulebook.check(graph["goal"], "goal", rulebook.GOAL, steps)
    reentry = graph.get("reentry") or {}
    if not isinstance(reentry, Mapping) or reentry.get("rule", "when_finished") not in REENTRY:
        found.append(RuleError(_("Re-entry is one of %(rules)s."), "reentry.rule", rules=", ".join(REENTRY)))
    elif reentry.get("after"):
        try:
            delta(reentry["after"])
        except RuleError as error:
            found.append(RuleError(error.message, "reentry.after"))
    return found


def _hours_problems(hours: Mapping[str, Any]) -> list[RuleError]:
    """What is wrong with the hours in which messages may go out."""
    found = []
    for f in HOURS:
        try:
            f.clean(hours.get(f.name))
        except RuleError as error:
            found.append(RuleError(error.message, f"hours.{f.name}"))
    if bool(hours.get("from")) != bool(hours.get("to")):
        found.append(RuleError(_("A window needs its beginning and its end."), "hours.to"))
    return found


#: When messages of a journey may go out, in each person's own time zone
HOURS = (
    Days("days", _("Only on"), required=False),
    Time("from", _("Not before"), required=False),
    Time("to", _("Not after"), required=False),
)
