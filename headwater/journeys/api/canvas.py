"""What the editor of journeys needs: kinds of step, choices, the draft with its problems, copies."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Schema
from ninja.errors import HttpError

from .. import actions
from ..actions import exchange
from ..models import Journey
from ..queries import choices, draft
from ..queries.palette import palette
from .doors import actor_of, find, refusals, router
from .schemas import JourneyWhole


class DraftIn(Schema):
    """revision: the one that was edited. Left out: whatever is there is overwritten."""

    graph: dict[str, Any]
    revision: int | None = None
    name: str | None = None
    description: str | None = None


class GraphIn(Schema):
    graph: dict[str, Any]


class ImportIn(Schema):
    """journey: what the export said. name: another name."""

    journey: dict[str, Any]
    name: str = ""


class CopyIn(Schema):
    name: str = ""


@router.get("/journeys/palette")
def journey_palette(request: HttpRequest, conditions: bool = False) -> dict[str, Any]:
    """All kinds of step and rule with their settings; ?conditions=true adds what segments' conditions are made of."""
    return palette(conditions=conditions)


@router.get("/journeys/choices/{source}")
def journey_choices(request: HttpRequest, source: str, q: str = "", of: str = "") -> list[dict[str, Any]]:
    """At most 50 choices for a setting with this `source`: [{"value", "label", "hint"}]. of: for `props`, the event."""
    try:
        return choices.find(source, q, of)
    except choices.NoSource as error:
        raise HttpError(404, "There is no such source of choices.") from error


@router.post("/journeys/validate")
def validate_graph(request: HttpRequest, data: GraphIn) -> dict[str, Any]:
    """What is wrong with a graph, its arms and its steps in words; nothing is saved."""
    return draft.judged(data.graph)


@router.get("/journeys/{int:pk}/draft")
def get_draft(request: HttpRequest, pk: int) -> dict[str, Any]:
    """The draft, with its problems, arms and titles."""
    with refusals():
        return draft.draft(find(pk))


@router.put("/journeys/{int:pk}/draft", response={200: dict[str, Any], 409: dict[str, Any]})
def put_draft(request: HttpRequest, pk: int, data: DraftIn) -> Any:
    """Save the draft, broken or not. 409 where somebody else saved in between: who, when, and the present revision."""
    with refusals():
        try:
            actions.update_journey(
                pk,
                actor=actor_of(request),
                graph=data.graph,
                revision=data.revision,
                name=data.name,
                description=data.description,
            )
        except actions.Conflict:
            return 409, _conflict(find(pk))
        return 200, draft.draft(find(pk))


def _conflict(journey: Journey) -> dict[str, Any]:
    who = draft.name_of(journey.changed_by)
    return {
        "error": "conflict",
        "reason": _("%(who)s changed this journey in the meantime.") % {"who": who},
        "by": {"actor": journey.changed_by, "name": who},
        "at": journey.updated_at,
        "revision": journey.revision,
    }


@router.post("/journeys/{int:pk}/duplicate", response={201: JourneyWhole})
def duplicate_journey(request: HttpRequest, pk: int, data: CopyIn) -> Any:
    """A copy of the draft as a new journey."""
    with refusals():
        return 201, find(actions.duplicate(pk, name=data.name, actor=actor_of(request)).pk)


@router.get("/journeys/{int:pk}/export")
def export_journey(request: HttpRequest, pk: int) -> dict[str, Any]:
    """The draft as JSON, with its mails and segments; records are called by their names."""
    with refusals():
        return exchange.export_journey(pk)


@router.post("/journeys/import", response={200: JourneyWhole, 201: JourneyWhole})
def import_journey(request: HttpRequest, data: ImportIn) -> Any:
    """Make a draft of an exported journey: 201, or 200 where the same is here already. 422 with the path."""
    with refusals():
        made, new = exchange.import_journey(data.journey, actor=actor_of(request), name=data.name)
        return (201 if new else 200), find(made.pk)
