"""What keeps a graph from being published, and what keeps it from being kept at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.core.plain import flaw
from headwater.messaging.queries.templates import sendable

from ..models import Journey
from ..rules.duration import RuleError, delta
from . import deciding, rulebook
from .base import STEPS, messages_of
from .fields import Days, Time
from .graph import order_of, targets_of

REENTRY = ("once", "when_finished", "always")


def check_shape(graph: Any) -> None:
    """A draft may be unfinished, but is made of the right parts. Raises RuleError with the place."""
    if not isinstance(graph, Mapping):
        raise RuleError(_("A journey is a JSON object."))
    if found := flaw(graph):
        raise RuleError(_("A text, a number or so deep a nesting cannot be kept."), found[0].lstrip("."))
    steps = graph.get("steps") or {}
    if not isinstance(steps, Mapping):
        raise RuleError(_("Steps are a JSON object."), "steps")
    for key, step in steps.items():
        _check_step(step, f"steps.{key}")
    for name in ("entry", "exits"):
        rules = graph.get(name) or []
        if not isinstance(rules, list) or any(not isinstance(rule, Mapping) for rule in rules):
            raise RuleError(_("Rules are a list of JSON objects."), name)
        for n, rule in enumerate(rules):
            _texts(rule, ("kind",), f"{name}.{n}")
    for name in ("goal", "reentry", "only", "hours"):
        if not isinstance(graph.get(name) or {}, Mapping):
            raise RuleError(_("This is a JSON object."), name)
    _texts(graph.get("goal") or {}, ("kind",), "goal")
    _texts(graph, ("start",), "")


def _check_step(step: Any, place: str) -> None:
    parts = [step] + ([step.get("settings") or {}, step.get("arms") or {}] if isinstance(step, Mapping) else [])
    if any(not isinstance(part, Mapping) for part in parts):
        raise RuleError(_("A step is a JSON object."), place)
    _texts(step, ("kind", "title", "next"), place)
    arms = step.get("arms") or {}
    _texts(arms, tuple(arms), f"{place}.arms")


def check_parts(graph: Mapping[str, Any]) -> None:
    """Whether a graph of the right shape is made of kinds that are known here, and leads to steps that it has: what is
    otherwise could not be seen in the editor. Raises RuleError with the place."""
    steps = graph.get("steps") or {}
    for key, step in steps.items():
        if step.get("kind") not in STEPS:
            raise RuleError(_("There is no step “%(kind)s” here."), f"steps.{key}.kind", kind=step.get("kind") or "")
        for arm, to in targets_of(step).items():
            if to is not None and to not in steps:
                place = f"steps.{key}.arms.{arm}" if "arms" in step else f"steps.{key}.next"
                raise RuleError(_("The file has no step “%(step)s”."), place, step=to)
    if graph.get("start") is not None and graph["start"] not in steps:
        raise RuleError(_("The file has no step “%(step)s”."), "start", step=graph["start"])
    rules = [(f"{part}.{n}", rule) for part in ("entry", "exits") for n, rule in enumerate(graph.get(part) or [])]
    for place, rule in [*rules, *([("goal", graph["goal"])] if graph.get("goal") else [])]:
        if rule.get("kind") not in rulebook.KINDS:
            raise RuleError(_("There is no rule “%(kind)s” here."), f"{place}.kind", kind=rule.get("kind") or "")


def _texts(part: Mapping[str, Any], names: tuple[str, ...], place: str) -> None:
    """Names of kinds and steps are texts, where they are there."""
    for name in names:
        if part.get(name) is not None and not isinstance(part[name], str):
            raise RuleError(_("This must be text."), f"{place}.{name}".lstrip("."))


def problems(graph: Any) -> list[RuleError]:
    """Everything that keeps a graph from being published, each with its place ("steps.welcome.template")."""
    found: list[RuleError] = []
    try:
        check_shape(graph)
    except RuleError as error:
        return [error]
    steps = graph.get("steps")
    if not isinstance(steps, Mapping) or not steps:
        found.append(RuleError(_("A journey needs at least one step."), "steps"))
        steps = {}
    for key, step in steps.items():
        found += _step_problems(key, step, steps)
    if graph.get("start") not in steps and steps:
        found.append(RuleError(_("The first step is missing."), "start"))
    elif not found:
        order, _loops = order_of(graph)
        _straight, loops = order_of(graph, jumps=False)
        found += [RuleError(_("No way leads to this step."), f"steps.{key}") for key in steps if key not in order]
        if loops:
            found.append(RuleError(_("A step leads back to one before it."), "steps"))
    found += _rule_problems(graph, steps)
    return found


def gone(graph: Any) -> list[RuleError]:
    """Mails that a graph of the right shape names and that cannot be sent (archived, or not there), and journeys that
    it starts and that are not there. A constant number of statements."""
    steps = (graph.get("steps") or {}).items()
    mails = [(key, name, channel, pk) for key, step in steps for name, channel, pk in messages_of(step)]
    channels = {channel for _key, _name, channel, _pk in mails}
    sent = {c: sendable({pk for _key, _name, channel, pk in mails if channel == c}, c) for c in sorted(channels)}
    journeys = _named(graph, "start_journey", "journey")
    there = (
        set(Journey.objects.filter(pk__in=set(journeys.values())).values_list("pk", flat=True)) if journeys else set()
    )
    no_mail = _("This mail is archived, or does not exist: nobody would get it.")
    no_journey = _("This journey does not exist: nobody would be let in.")
    return [
        *(RuleError(no_mail, f"steps.{key}.{name}") for key, name, c, pk in mails if pk not in sent[c]),
        *(RuleError(no_journey, f"steps.{key}.journey") for key, pk in journeys.items() if pk not in there),
    ]


def started(graph: Mapping[str, Any] | None) -> set[int]:
    """Ids of the journeys that a graph of the right shape starts."""
    return set(_named(graph or {}, "start_journey", "journey").values())


def _named(graph: Mapping[str, Any], kind: str, setting: str) -> dict[str, int]:
    """step -> the id that its setting names, of the steps of that kind."""
    steps = [(key, step) for key, step in (graph.get("steps") or {}).items() if step.get("kind") == kind]
    found = {key: (step.get("settings") or {}).get(setting) for key, step in steps}
    return {key: pk for key, pk in found.items() if type(pk) is int and 0 < pk < 2**63}


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
        for n, rule in enumerate(graph.get(name) or []):
            found += rulebook.check(rule, f"{name}.{n}", use, steps)
    if graph.get("goal"):
        found += rulebook.check(graph["goal"], "goal", rulebook.GOAL, steps)
    else:
        found += [
            RuleError(_("The journey has no goal: nobody could reach it."), f"steps.{key}.winner")
            for key, step in steps.items()
            if isinstance(step, Mapping) and (step.get("settings") or {}).get("winner") == "goal"
        ]
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
