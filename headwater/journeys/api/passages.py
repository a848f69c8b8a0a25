"""People in journeys."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from ..queries import inside
from .doors import refusals, router
from .schemas import PassageOut, PassageWhole


@router.get("/contacts/{person_id}/passages", response=list[PassageOut])
def passages(request: HttpRequest, person_id: int) -> list[dict[str, Any]]:
    """The journeys a person is or was in."""
    return [_passage(story) for story in inside.of_person(person_id, 100)]


@router.get("/contacts/{person_id}/passages/{pk}", response=PassageWhole)
def passage(request: HttpRequest, person_id: int, pk: int) -> dict[str, Any]:
    """One passage with every step taken: why is she here?"""
    with refusals():
        story = inside.story(person_id, pk)
    log = [
        {
            "hop": s.row.hop,
            "step": s.row.step,
            "title": s.title,
            "since": s.row.since,
            "at": s.row.at,
            "outcome": s.row.outcome,
            "reason": s.row.reason,
        }
        for s in story.stops
    ]
    return _passage(story) | {"log": log}


def _passage(story: inside.Story) -> dict[str, Any]:
    p = story.passage
    return {
        "id": str(p.id),
        "journey": p.journey_id,
        "journey_name": story.journey.name,
        "version": story.version.number,
        "state": p.state,
        "step": p.step,
        "step_title": story.here,
        "why": story.why,
        "entered_at": p.entered_at,
        "until": p.until,
        "ended_at": p.ended_at,
        "outcome": p.outcome,
    }
