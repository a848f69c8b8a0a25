"""A journey's draft as the editor opens it: the graph with what is wrong, its arms and its steps in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from headwater.accounts.models import User
from headwater.core.actors import user_id
from headwater.core.ids import id_of
from headwater.people import registry as people

from ..engine.base import STEPS
from ..engine.checking import check_shape, gone, problems
from ..models import Journey
from ..rules.duration import RuleError
from .called import called
from .words import said
from .words import title as title


def placed(found: Sequence[RuleError]) -> list[dict[str, Any]]:
    """Problems with their places: the step and its field, or the rule ("entry.0", "goal") and its field."""
    return [_placed(p) for p in found]


def _placed(problem: RuleError) -> dict[str, Any]:
    parts = problem.where.split(".")
    said = {"where": problem.where, "message": problem.message, "step": None, "rule": None, "field": None}
    if parts[0] == "steps" and len(parts) > 1:
        said |= {"step": parts[1], "field": ".".join(parts[2:]) or None}
    elif parts[0] in ("entry", "exits") and len(parts) > 1:
        said |= {"rule": ".".join(parts[:2]), "field": ".".join(parts[2:]) or None}
    elif parts[0] in ("goal", "reentry", "only", "hours"):
        said |= {"rule": parts[0], "field": ".".join(parts[1:]) or None}
    return said


def judged(graph: Any) -> dict[str, Any]:
    """{"problems", "arms", "titles", "rules"} of a graph, however broken: arms and title of each step that has a known
    kind, and its rules in words by place."""
    found = problems(graph)
    try:
        check_shape(graph)
    except RuleError:
        return {"problems": placed(found), "arms": {}, "titles": {}, "rules": {}}
    found += gone(graph)
    sound = {key: step for key, step in (graph.get("steps") or {}).items() if step.get("kind") in STEPS}
    names = called(sound)
    return {
        "problems": placed(found),
        "arms": {key: _arms(step) for key, step in sound.items()},
        "titles": {key: title(step, sound, names) for key, step in sound.items()},
        "rules": _rules(graph),
    }


def _arms(step: Mapping[str, Any]) -> list[dict[str, str]]:
    try:
        return [{"id": arm, "label": label} for arm, label in STEPS[step["kind"]].arms(step.get("settings") or {})]
    except (RuleError, KeyError, TypeError, ValueError, AttributeError):
        return []


def _rules(graph: Any) -> dict[str, str]:
    steps, goal = graph.get("steps"), graph.get("goal")
    rules = [(f"{name}.{n}", rule) for name in ("entry", "exits") for n, rule in enumerate(graph.get(name) or [])]
    rules += [("goal", goal)] if goal else []
    return {place: _in_words(rule, steps) for place, rule in rules}


def _in_words(rule: Mapping[str, Any], steps: Any) -> str:
    try:
        return said(rule, steps=steps)
    except (RuleError, KeyError, TypeError, ValueError, AttributeError):  # it is not finished; the problems say so
        return str(rule.get("kind") or "")


def draft(journey: Journey) -> dict[str, Any]:
    """The draft with everything the editor shows. The journey comes with its version."""
    version = journey.version
    return {
        "id": journey.pk,
        "name": journey.name,
        "description": journey.description,
        "status": journey.status,
        "revision": journey.revision,
        "version": version.number if version else None,
        "changed": version is None or version.graph != journey.draft,
        "saved_at": journey.updated_at,
        "saved_by": {"actor": journey.changed_by, "name": name_of(journey.changed_by)},
        "graph": journey.draft,
        **judged(journey.draft),
    }


def name_of(actor: str) -> str:
    """Who an actor is, by name."""
    pk = user_id(actor)
    if pk is not None:
        found = User.objects.filter(pk=pk).first()
        return found.name if found else _("Somebody who is gone")
    sort, _colon, number = actor.partition(":")
    names = people.actor_names.get(sort)
    if names is not None and (pk := id_of(number)) is not None:
        return names([pk]).get(pk, actor)
    return {"": _("Somebody"), "system": "Headwater", "api": _("The API")}.get(sort, actor)
