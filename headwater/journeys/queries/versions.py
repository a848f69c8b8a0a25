"""Versions: which there are, who is on them, and what one changed against another, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from headwater.core.ids import id_of

from ..engine.base import EMPTY, STEPS
from ..engine.checking import HOURS
from ..engine.fields import DAY_NAMES, Field
from ..engine.graph import targets_of
from ..models import OPEN, Journey, JourneyVersion, Passage
from ..rules import duration
from .choices import label_of
from .draft import name_of, title
from .words import condition, name_of_step, said

Graph = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """what: "added", "removed" or "changed"; place: a step's id, or "entry", "goal", "exits", "reentry", "only",
    "hours", "start"."""

    what: str
    place: str
    title: str
    words: str


def listed(journey: Journey) -> list[dict[str, Any]]:
    """All versions, newest first, with how many people are on each."""
    open_ = Passage.objects.filter(journey_id=journey.pk, state__in=OPEN)
    people = dict(open_.values_list("version_id").annotate(n=Count("person_id")))
    return [
        {
            "number": v.number,
            "published_at": v.published_at,
            "by": {"actor": v.actor, "name": name_of(v.actor)},
            "people": people.get(v.pk, 0),
            "current": v.pk == journey.version_id,
        }
        for v in journey.versions.order_by("-number")
    ]


def graph_of(journey: Journey, number: str) -> Graph:
    """The graph of a version by its number, or the "draft". Raises JourneyVersion.DoesNotExist."""
    if number == "draft":
        return dict(journey.draft)
    if id_of(number) is None:
        raise JourneyVersion.DoesNotExist(_("There is no such version."))
    return dict(JourneyVersion.objects.get(journey=journey, number=int(number)).graph)


def held(journey_id: int, graph: Graph, version_id: int | None = None) -> dict[str, int]:
    """step -> people in steps that the graph does not have; version_id: of those who are on that version only."""
    rows = Passage.objects.filter(journey_id=journey_id, state__in=OPEN)
    if version_id is not None:
        rows = rows.filter(version_id=version_id)
    gone = rows.exclude(step__in=list(graph.get("steps") or {}))
    return dict(gone.values_list("step").annotate(n=Count("person_id")))


def plan(journey: Journey, graph: Graph) -> dict[str, Any]:
    """What publishing a graph would change, and whom it concerns: {"people": everybody inside, "steps": [{"step",
    "title", "people", "change": "removed", "changed" or "same"}], "targets": [{"step", "title"}], "changes": [...]}.
    Steps are those that hold somebody, on whatever version."""
    live = journey.version.graph if journey.version else {}
    changes = compare(live, graph) if live else []
    changed = {c.place for c in changes if c.what == "changed"}
    steps, was = graph.get("steps") or {}, live.get("steps") or {}
    open_ = Passage.objects.filter(journey_id=journey.pk, state__in=OPEN)
    inside = dict(open_.values_list("step").annotate(n=Count("person_id")).order_by("step"))
    held_ = [
        {
            "step": step,
            "title": _name(step, steps if step in steps else was) if step in steps or step in was else step,
            "people": n,
            "change": "removed" if step not in steps else "changed" if step in changed else "same",
        }
        for step, n in inside.items()
    ]
    return {
        "people": sum(inside.values()),
        "steps": held_,
        "targets": [{"step": key, "title": _name(key, steps)} for key in steps],
        "changes": [asdict(c) for c in changes],
    }


def compare(before: Graph, after: Graph) -> list[Change]:
    """What changed from one graph to the other, steps first."""
    old, new = before.get("steps") or {}, after.get("steps") or {}
    out = [Change("added", key, _title(new[key], new), _("Added: %(step)s") % {"step": _title(new[key], new)})
           for key in new if key not in old]  # fmt: skip
    out += [Change("removed", key, _title(old[key], old), _("Removed: %(step)s") % {"step": _title(old[key], old)})
            for key in old if key not in new]  # fmt: skip
    for key in new:
        if key in old:
            words = _changed(old[key], new[key], old, new)
            out += [Change("changed", key, _title(new[key], new), w) for w in words]
    if before.get("start") != after.get("start"):
        name = _name(after.get("start"), new)
        out.append(Change("changed", "start", "", _("The first step is now %(step)s") % {"step": name}))
    return out + _rules(before, after)


def _title(step: Mapping[str, Any], steps: Mapping[str, Any]) -> str:
    return title(step, steps) if isinstance(step, Mapping) and step.get("kind") in STEPS else str(step)


def _name(key: Any, steps: Mapping[str, Any]) -> str:
    return _title(steps[key], steps) if key in steps else str(_("the end"))


def _changed(
    old: Mapping[str, Any], new: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[str]:
    if old.get("kind") != new.get("kind"):
        kinds = [str(STEPS[s["kind"]].label) if s.get("kind") in STEPS else str(s.get("kind")) for s in (old, new)]
        return [_("Was %(before)s, is %(after)s") % {"before": kinds[0], "after": kinds[1]}]
    out = []
    if (old.get("title") or "") != (new.get("title") or ""):
        values = {"before": old.get("title") or "–", "after": new.get("title") or "–"}
        out.append(_("Name: %(before)s → %(after)s") % values)
    kind = STEPS.get(str(new.get("kind")))
    was, is_ = old.get("settings") or {}, new.get("settings") or {}
    for f in kind.fields if kind else ():
        out += _value_change(f, was.get(f.name), is_.get(f.name), {**before, **after})
    ways, ways_now = targets_of(old), targets_of(new)
    labels = dict(kind.arms(is_)) if kind else {}
    for arm in {**ways, **ways_now}:
        a, b = ways.get(arm), ways_now.get(arm)
        if a != b or (arm in ways) != (arm in ways_now):
            values = {"arm": labels.get(arm) or _("Then"), "before": _name(a, before), "after": _name(b, after)}
            out.append(_("%(arm)s: leads to %(after)s instead of %(before)s") % values)
    return out


def _value_change(f: Field, before: Any, after: Any, steps: Mapping[str, Any]) -> list[str]:
    if before == after or (before in EMPTY and after in EMPTY):
        return []
    values = {"field": f.label, "before": shown(f, before, steps), "after": shown(f, after, steps)}
    return [_("%(field)s: %(before)s → %(after)s") % values]


def shown(f: Field, value: Any, steps: Any = None) -> str:
    """The value of a setting in words. steps: of the graph, by which it names them."""
    if value in EMPTY:
        return "–"
    if f.type == "duration":
        return duration.text(value)
    if f.type == "choice":
        return str(dict(getattr(f, "choices", ())).get(value, value))
    if f.type == "boolean":
        return str(_("yes") if value else _("no"))
    if f.type == "days":
        return ", ".join(str(DAY_NAMES[d]) for d in value)
    if f.type == "condition":
        return condition(value, steps)
    if f.type == "step":
        return name_of_step(value, steps)
    if f.type == "reference":
        return label_of(f.source, value)
    if f.type in ("arms", "variants"):
        return ", ".join(_item(one, steps) for one in value)
    if f.type in ("where", "pairs"):
        return ", ".join(f"{one.get('prop') or one.get('name')}: {one.get('value', '')}" for one in value)
    return str(value)


def _item(one: Mapping[str, Any], steps: Any) -> str:
    label = str(one.get("label") or one.get("id"))
    if "when" in one:
        return f"{label} ({condition(one['when'], steps)})"
    return f"{label} ({one.get('weight', 1)})"


def _rules(before: Graph, after: Graph) -> list[Change]:
    out = []
    for place, name in (("entry", _("Entry")), ("exits", _("Exit"))):
        old, new = before.get(place) or [], after.get(place) or []
        out += [_rule("added", place, name, rule, after) for rule in new if rule not in old]
        out += [_rule("removed", place, name, rule, before) for rule in old if rule not in new]
    if (before.get("goal") or None) != (after.get("goal") or None):
        words = said(after["goal"], steps=after.get("steps")) if after.get("goal") else _("none")
        out.append(Change("changed", "goal", "", _("Goal: %(what)s") % {"what": words}))
    if (before.get("only") or None) != (after.get("only") or None):
        words = condition(after["only"]) if after.get("only") else _("everybody")
        out.append(Change("changed", "only", "", _("Only people for whom: %(what)s") % {"what": words}))
    if (before.get("reentry") or {}) != (after.get("reentry") or {}):
        out.append(Change("changed", "reentry", "", _("People may come again: %(what)s") % {"what": again(after)}))
    if (before.get("hours") or {}) != (after.get("hours") or {}):
        hours = after.get("hours") or {}
        words = ", ".join(f"{f.label}: {shown(f, hours[f.name])}" for f in HOURS if hours.get(f.name)) or _("any")
        out.append(Change("changed", "hours", "", _("Hours for mails: %(what)s") % {"what": words}))
    return out


def _rule(what: str, place: str, name: str, rule: Mapping[str, Any], graph: Graph) -> Change:
    words = _("%(place)s added: %(rule)s") if what == "added" else _("%(place)s removed: %(rule)s")
    return Change(what, place, "", words % {"place": name, "rule": said(rule, steps=graph.get("steps"))})


def again(graph: Graph) -> str:
    """When people may come in again, in words."""
    reentry = graph.get("reentry") or {}
    rule = {"once": _("never"), "always": _("at any time")}.get(reentry.get("rule", ""), _("when they are through"))
    if reentry.get("after"):
        return str(_("%(rule)s, not before %(time)s") % {"rule": rule, "time": duration.text(reentry["after"])})
    return str(rule)


def titles(graph: Graph, keys: Sequence[str]) -> dict[str, str]:
    """Names of steps of a graph."""
    steps = graph.get("steps") or {}
    return {key: _name(key, steps) if key in steps else key for key in keys}
