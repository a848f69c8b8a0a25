"""Why she is here or not; which way she would take."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Schema
from ninja.errors import HttpError

from headwater.people.models import Contact

from ..engine.checking import problems
from ..queries import explaining, trying
from ..queries.draft import placed
from .doors import find, refusals, router


class TestIn(Schema):
    """event: properties of what lets her in (left out: of the newest fact of hers that would). mails: step ->
    "opened" or "clicked"; arms: step -> the way she takes there."""

    person_id: int
    event: dict[str, Any] | None = None
    mails: dict[str, Literal["opened", "clicked", "delivered", "replied"]] = {}
    arms: dict[str, str] = {}


@router.get("/journeys/{int:pk}/why/{int:person_id}")
def why(request: HttpRequest, pk: int, person_id: int) -> dict[str, Any]:
    """Could she enter now, and if not, why not: each entry rule, the condition, re-entry, the journey's state."""
    with refusals():
        journey = find(pk)
    if not Contact.objects.filter(pk=person_id).exists():
        raise HttpError(404, "There is no such person.")
    return explaining.why_not(journey, person_id)


@router.post("/journeys/{int:pk}/test", response={200: list[dict[str, Any]], 422: dict[str, Any]})
def test_with(request: HttpRequest, pk: int, data: TestIn) -> Any:
    """Which way a person would take through the draft now; nothing is sent, nothing is kept."""
    with refusals():
        journey = find(pk)
    if found := problems(journey.draft):
        return 422, {"error": "invalid", "reason": "The draft has problems.", "problems": placed(found)}
    choices = trying.Choices(data.mails, data.arms)
    try:
        return 200, [
            asdict(step) for step in trying.dry_run(journey, data.person_id, event=data.event, choices=choices)
        ]
    except Contact.DoesNotExist as error:
        raise HttpError(404, "There is no such person.") from error
