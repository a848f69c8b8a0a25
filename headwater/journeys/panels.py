"""What journeys add to the shell and to the record of a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from headwater.audience.registry import Use, users_of_scores, users_of_segments
from headwater.core.registry import (
    NavItem,
    PaletteAction,
    Panel,
    SearchHit,
    SearchSource,
    navigation,
    palette_actions,
    panels,
    search_sources,
)
from headwater.messaging.registry import users_of_templates
from headwater.people import registry as people

from .actions.holdings import HOLDER
from .engine.rulebook import rules_of, segment_key
from .models import Journey, Status
from .queries import inside, uses


def _panel(request: Any, contact: Any) -> dict[str, Any] | None:
    """Her journeys: always there, because one can add her to one."""
    return {"stories": inside.of_person(contact.pk, 6), "contact": contact}


def _find(user: Any, text: str, limit: int) -> list[SearchHit]:
    rows = Journey.objects.filter(Q(name__icontains=text)).order_by("name")[:limit]
    return [
        SearchHit(j.name, str(Status(j.status).label), reverse("journeys:detail", args=[j.pk]), icon="workflow")
        for j in rows
    ]


people.holders.add("journeys", HOLDER)
navigation.add("journeys", NavItem("journeys", _("Journeys"), "workflow", "journeys:list", "marketing", order=20))
palette_actions.add(
    "journeys.new", PaletteAction("journeys.new", _("New journey"), "workflow", "journeys:gallery", order=60)
)
search_sources.add("journeys", SearchSource("journeys", _("Journeys"), _find, order=60))
panels.add(
    "journeys",
    Panel("journeys", "contact", "rail", "journeys/panel.html", _panel, label=_("Journeys"), order=40),
)


def _segments_in(node: Any) -> set[int | str]:
    """Ids (of entries) and keys (of conditions) of the segments that a graph names."""
    if isinstance(node, dict):
        own = {node["segment"]} if isinstance(node.get("segment"), (int, str)) else set()
        return own.union(*(_segments_in(value) for value in node.values()))
    return set().union(*(_segments_in(value) for value in node)) if isinstance(node, list) else set()


def _uses(segments: Sequence[tuple[int, str]]) -> dict[int, list[Use]]:
    """The journeys whose draft or published version asks for a segment."""
    out: dict[int, list[Use]] = {pk: [] for pk, _key in segments}
    for pk, name, draft, graph in Journey.objects.order_by("name").values_list("pk", "name", "draft", "version__graph"):
        kept = {key for rule in rules_of(graph or {}) if (key := segment_key(rule))}
        named = _segments_in([draft, graph]) | kept
        for segment, key in segments:
            if segment in named or key in named:
                out[segment].append(Use(name, f"/journeys/{pk}/", "workflow"))
    return out


users_of_segments.add("journeys", _uses)


def _scores_in(node: Any) -> set[str]:
    """Keys of the score models that a graph names in conditions, entries and steps, and of bands: "fit:ideal"."""
    if isinstance(node, dict):
        own = {node[key] for key in ("score", "model") if isinstance(node.get(key), str)}
        if node.get("kind") in ("score", "points") and not own:  # rules mean the lead score where they name none
            own = {"engagement"}
        if isinstance(node.get("band"), str):
            own |= {f"{key}:{node['band']}" for key in own or {"engagement"}}
        return own.union(*(_scores_in(value) for value in node.values()))
    return set().union(*(_scores_in(value) for value in node)) if isinstance(node, list) else set()


def _uses_of_scores(keys: Sequence[str]) -> dict[str, list[Use]]:
    """The journeys whose draft or published version asks for a score or changes it."""
    out: dict[str, list[Use]] = {key: [] for key in keys}
    for pk, name, draft, graph in Journey.objects.order_by("name").values_list("pk", "name", "draft", "version__graph"):
        for key in _scores_in([draft, graph]).intersection(keys):
            out[key].append(Use(name, f"/journeys/{pk}/", "workflow"))
    return out


users_of_scores.add("journeys", _uses_of_scores)


users_of_templates.add("journeys", uses.of_templates)


def _names(ids: Sequence[int]) -> dict[int, str]:
    return dict(Journey.objects.filter(pk__in=ids).values_list("pk", "name"))


people.actor_names.add("journey", _names)
for _kind in ("journey.entered", "journey.finished", "journey.exited"):
    people.links.add(f"{_kind}.name", lambda data: f"/journeys/{data['journey']}/" if data.get("journey") else "")
