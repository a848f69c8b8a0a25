"""What the canvas shows beside the draft: the people in each step, texts of its own, what can be chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from headwater.messaging.queries.results import Results

from ..engine.base import STEPS, messages_of
from ..models import Journey
from . import choices, overview
from .draft import name_of
from .kept import LARGE, kept


def numbers(journey: Journey) -> dict[str, Any]:
    """Who is where now: per step of the draft its line of numbers, people there and shares of its arms; the journey's
    own figures; and who changed the draft last, so that an open editor notices. The journey comes with its version."""
    steps = _known(journey.draft)
    found = overview.counts(journey.pk)
    sums, month = overview.totals(journey.pk), overview.totals(journey.pk, 30)
    templates = sorted(set(_templates(steps)))
    large = sums.get("entered", 0) >= LARGE
    mails = kept(("mails", journey.pk, *templates), large, lambda: overview.mails_of(journey.pk, templates))
    inside = sums.get("entered", 0) - sums.get("finished", 0) - sums.get("exited", 0)
    figures = [
        (_("In it now"), inside),
        (_("Entered, ever"), sums.get("entered", 0)),
        (_("Entered, 30 days"), month.get("entered", 0)),
        (_("Finished"), sums.get("finished", 0)),
        (_("Left early"), sums.get("exited", 0)),
    ]
    if journey.draft.get("goal"):
        figures.append((_("Reached the goal"), sums.get("goal", 0)))
    return {
        "status": journey.status,
        "version": journey.version.number if journey.version else None,
        "edited": {
            "by": {"actor": journey.changed_by, "name": name_of(journey.changed_by)},
            "at": journey.updated_at,
            "revision": journey.revision,
        },
        "counts": {key: _count(key, steps.get(key), n, mails) for key, n in found.items()},
        "entered": sums.get("entered", 0),
        "figures": [(label, f"{n:,}") for label, n in figures],
    }


def _known(graph: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    steps = graph.get("steps") or {}
    return {key: s for key, s in steps.items() if isinstance(s, Mapping) and s.get("kind") in STEPS}


def _templates(steps: Mapping[str, Mapping[str, Any]]) -> Iterator[int]:
    for step in steps.values():
        yield from (pk for _setting, _channel, pk in messages_of(step))


def _count(
    key: str, step: Mapping[str, Any] | None, n: Mapping[str, int], mails: Mapping[str, Results]
) -> dict[str, Any]:
    here, done = n.get("entered", 0) - n.get("done", 0) - n.get("left", 0), n.get("done", 0)
    arms = {what.removeprefix("arm:"): k for what, k in n.items() if what.startswith("arm:")}
    return {
        "here": here,
        "stats": overview.stats_of(step, n, mails.get(key, Results())) if step else [],
        "failed": n.get("failed", 0),
        "shares": {arm: f"{round(100 * k / done)} %" for arm, k in arms.items() if done},
    }


def first_choices(graph: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The first choices of every source, and those the graph has chosen already, by source."""
    found = {source: choices.find(source) for source in sorted(choices.SOURCES) if source != "props"}
    for source, value in _chosen(graph):
        have = found.get(source)
        if have is not None and isinstance(value, int) and all(c["value"] != value for c in have):
            have.append({"value": value, "label": choices.label_of(source, value), "hint": ""})
    return found


def _chosen(graph: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for step in _known(graph).values():
        for field in STEPS[step["kind"]].fields:
            if field.source:
                yield field.source, (step.get("settings") or {}).get(field.name)
    rules = [*(graph.get("entry") or []), *(graph.get("exits") or []), graph.get("goal") or {}]
    for rule in rules:
        for name, source in (("form", "forms"), ("segment", "segments"), ("journey", "journeys")):
            if isinstance(rule, Mapping):
                yield source, rule.get(name)
