"""Journeys: made, changed, published, paused, entered, counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError

from headwater.people.models import Contact

from .. import actions
from ..models import Journey
from ..queries import overview
from ..queries.draft import placed
from .doors import actor_of, find, refusals, router
from .schemas import EnterIn, JourneyChange, JourneyIn, JourneyOut, JourneyWhole, PublishIn


@router.get("/journeys", response=list[JourneyOut])
def list_journeys(request: HttpRequest) -> Any:
    """All journeys."""
    return Journey.objects.select_related("version").order_by("pk")


@router.post("/journeys", response={201: JourneyWhole})
def create_journey(request: HttpRequest, data: JourneyIn) -> Any:
    """A new draft, from a template or a graph."""
    with refusals():
        if data.template:
            made = actions.install(
                data.template,
                actor=actor_of(request),
                name=data.name,
                choices=data.choices,
                language=data.language or None,
            )
        else:
            made = actions.create_journey(
                name=data.name, description=data.description, graph=data.graph, actor=actor_of(request)
            )
    return 201, find(made.pk)


@router.get("/journeys/{int:pk}", response=JourneyWhole)
def get_journey(request: HttpRequest, pk: int) -> Any:
    """One journey with its draft and what keeps it from being published."""
    with refusals():
        return find(pk)


@router.patch("/journeys/{int:pk}", response=JourneyWhole)
def update_journey(request: HttpRequest, pk: int, data: JourneyChange) -> Any:
    """Change name, description or the whole draft. `revision`: refuse with 409 where somebody else was quicker."""
    with refusals():
        actions.update_journey(pk, actor=actor_of(request), **data.dict(exclude_unset=True))
        return find(pk)


@router.post("/journeys/{int:pk}/publish", response={200: JourneyOut, 409: dict[str, Any], 422: dict[str, Any]})
def publish_journey(request: HttpRequest, pk: int, data: PublishIn | None = None) -> Any:
    """Make the draft the version that people enter. 422 with `problems` where it is not sound; 409 with `steps` where
    people are in steps that are no longer there and it was not said what becomes of them."""
    said = data or PublishIn()
    return published(
        pk, lambda: actions.publish(
            pk, actor=actor_of(request), people=said.people, mapping=said.mapping, revision=said.revision
        )
    )  # fmt: skip


def published(pk: int, publish: Callable[[], Any]) -> Any:
    """What publishing answers."""
    with refusals():
        try:
            publish()
        except actions.NotPublishable as error:
            return 422, _unsound(error)
        except actions.Undecided as error:
            steps = [{"step": step, "title": title, "people": n} for step, title, n in error.steps]
            return 409, {"error": "people", "reason": str(error), "steps": steps, "choices": ["finish", "move"]}
        return 200, find(pk)


def _unsound(error: actions.NotPublishable) -> dict[str, Any]:
    found = placed(error.problems)
    return {
        "error": "invalid",
        "reason": str(error),
        "errors": [{"field": p["where"], "reason": p["message"]} for p in found],
        "problems": found,
    }


@router.delete("/journeys/{int:pk}", response={204: None})
def delete_journey(request: HttpRequest, pk: int) -> Any:
    """Throw a draft away. One that was published stays (409), and one that a published journey starts (422)."""
    find(pk)
    with refusals():
        if not actions.delete_draft(pk, actor=actor_of(request)):
            raise HttpError(409, "It was published: pause it instead.")
    return 204, None


@router.post("/journeys/{int:pk}/pause", response=JourneyOut)
def pause_journey(request: HttpRequest, pk: int) -> Any:
    """Nobody enters, nobody goes on."""
    with refusals():
        actions.pause(pk, actor=actor_of(request))
        return find(pk)


@router.post("/journeys/{int:pk}/resume", response=JourneyOut)
def resume_journey(request: HttpRequest, pk: int) -> Any:
    """Go on after a pause."""
    with refusals():
        actions.resume(pk, actor=actor_of(request))
        return find(pk)


@router.post("/journeys/{int:pk}/enter")
def enter_journey(request: HttpRequest, pk: int, data: EnterIn) -> dict[str, Any]:
    """Let people in. `entered`: person id -> passage id of those who came in."""
    if len(data.person_ids) > 10_000:
        raise HttpError(422, "person_ids: at most 10,000 at once")
    with refusals():
        find(pk)
        known = set(Contact.objects.filter(pk__in=data.person_ids).values_list("pk", flat=True))
        if unknown := sorted(set(data.person_ids) - known)[:5]:
            raise HttpError(422, f"person_ids: no such person: {', '.join(map(str, unknown))}")
        if data.key:
            why = {"kind": "manual", "by": actor_of(request)}
            entries = [actions.Entry(p, f"api:{data.key}", why) for p in data.person_ids]
            done = actions.enter(pk, entries, actor=actor_of(request))
        else:
            done = actions.enter_by_hand(pk, data.person_ids, actor=actor_of(request))
    return {"entered": {str(person): str(passage) for person, passage in done.items()}}


@router.get("/journeys/{int:pk}/counts")
def journey_counts(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Numbers of the journey and of each step, over all versions. `here`: people who are at the step now."""
    with refusals():
        find(pk)
    steps = overview.counts(pk)
    for n in steps.values():
        n["here"] = n.get("entered", 0) - n.get("done", 0) - n.get("left", 0)
    return {"totals": overview.totals(pk), "days_30": overview.totals(pk, 30), "steps": steps}
