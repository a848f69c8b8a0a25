"""Versions: listed, compared, rolled back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest

from .. import actions
from ..queries import versions
from .doors import actor_of, find, refusals, router
from .journeys import published
from .schemas import JourneyOut, RollBackIn


@router.get("/journeys/{int:pk}/versions")
def list_versions(request: HttpRequest, pk: int) -> list[dict[str, Any]]:
    """All versions, newest first, with the people who are on each."""
    with refusals():
        return versions.listed(find(pk))


@router.get("/journeys/{int:pk}/versions/{number}")
def get_version(request: HttpRequest, pk: int, number: str) -> dict[str, Any]:
    """The graph of a version ("draft" for the draft)."""
    with refusals():
        return dict(versions.graph_of(find(pk), number))


@router.get("/journeys/{int:pk}/compare")
def compare_versions(request: HttpRequest, pk: int, before: str, after: str = "draft") -> list[dict[str, str]]:
    """What changed from one version to another, in words: [{"what", "place", "title", "words"}]."""
    with refusals():
        journey = find(pk)
        found = versions.compare(versions.graph_of(journey, before), versions.graph_of(journey, after))
        return [asdict(change) for change in found]


@router.get("/journeys/{int:pk}/plan")
def publishing_plan(request: HttpRequest, pk: int, version: str = "draft") -> dict[str, Any]:
    """What publishing the draft, or an earlier version again, would change, and the people whom it concerns."""
    with refusals():
        journey = find(pk)
        return versions.plan(journey, versions.graph_of(journey, version))


@router.post("/journeys/{int:pk}/rollback", response={200: JourneyOut, 409: dict[str, Any], 422: dict[str, Any]})
def roll_back(request: HttpRequest, pk: int, data: RollBackIn) -> Any:
    """Publish an earlier version again, as a new one. Answers as publish."""
    return published(
        pk,
        lambda: actions.roll_back(pk, data.version, actor=actor_of(request), people=data.people, mapping=data.mapping),
    )
