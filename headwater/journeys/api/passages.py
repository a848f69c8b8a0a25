"""People in journeys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja.errors import HttpError

from headwater.messaging import actions as messaging
from headwater.people.queries import contacts

from ..actions import outgoing
from ..models import OutCall
from ..queries import inside
from .doors import actor_of, find, refusals, router
from .schemas import PassageOut, PassageWhole


@router.get("/contacts/{int:person_id}/passages", response=list[PassageOut])
def passages(request: HttpRequest, person_id: int) -> list[dict[str, Any]]:
    """The journeys a person is or was in."""
    if person_id not in contacts([person_id]):
        raise HttpError(404, "There is no such contact.")
    return [_passage(story) for story in inside.of_person(person_id, 100)]


@router.get("/contacts/{int:person_id}/passages/{int:pk}", response=PassageWhole)
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


@router.get("/journeys/{int:pk}/calls")
def list_calls(request: HttpRequest, pk: int, status: str = "") -> list[dict[str, Any]]:
    """The last 100 calls of other systems and mails to colleagues that the journey asked for: queued, sent, failed."""
    with refusals():
        find(pk)
    rows = OutCall.objects.filter(journey_id=pk)
    if status:
        rows = rows.filter(status=status)
    names = ("person_id", "kind", "target", "payload", "status", "tries", "answer", "code", "created_at", "done_at")
    return [{"id": str(c.id)} | {n: getattr(c, n) for n in names} for c in rows.order_by("-created_at")[:100]]


@router.post("/contacts/{int:person_id}/calls/{call_id}/replay")
def replay_call(request: HttpRequest, person_id: int, call_id: UUID) -> dict[str, bool]:
    """Make a call again. `queued`: false where there is no such call, or it is on its way."""
    return {"queued": outgoing.replay(person_id, call_id, actor=actor_of(request))}


@router.get("/workspace/webhook-secret")
def webhook_secret(request: HttpRequest) -> dict[str, str]:
    """What receivers check `Headwater-Signature` with; for administrators only."""
    return {"secret": messaging.webhook_secret()}


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
