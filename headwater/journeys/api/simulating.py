"""Drafts held against the past: begun, looked at, cancelled."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Schema
from ninja.errors import HttpError

from .. import actions
from ..actions import simulating
from ..models import Journey, Simulation
from ..queries import simulation
from ..queries.draft import placed
from .doors import actor_of, find, refusals, router


class SimulateIn(Schema):
    """opens: what is assumed of mails that were never sent: "rates", "nobody" or "everybody"."""

    days: int = 90
    opens: str = "rates"


def _told(journey: Journey, found: Simulation) -> dict[str, Any]:
    return simulation.told(found, simulating.graph_hash(journey.draft))


def _find(journey: Journey, number: int) -> Simulation:
    found = journey.simulations.filter(pk=number).first()
    if found is None:
        raise HttpError(404, "There is no such simulation.")
    return found


@router.post("/journeys/{int:pk}/simulations", response={202: dict[str, Any], 409: dict[str, Any], 422: dict[str, Any]})
def begin(request: HttpRequest, pk: int, data: SimulateIn) -> Any:
    """Hold the draft against the last days, in the background. 409 while one of this journey runs."""
    with refusals():
        journey = find(pk)
        try:
            found = simulating.start(pk, actor=actor_of(request), days=data.days, opens=data.opens)
        except simulating.Running as error:
            return 409, {"error": "running", "reason": str(error)}
        except actions.NotPublishable as error:
            return 422, {
                "error": "invalid", "reason": "The draft has problems.", "problems": placed(error.problems),
            }  # fmt: skip
    return 202, _told(journey, found)


@router.get("/journeys/{int:pk}/simulations")
def list_simulations(request: HttpRequest, pk: int) -> list[dict[str, Any]]:
    """The simulations that are kept, newest first, with what came of each."""
    with refusals():
        journey = find(pk)
    return [_told(journey, found) for found in simulation.listed(journey)]


@router.get("/journeys/{int:pk}/simulations/{int:number}")
def get_simulation(request: HttpRequest, pk: int, number: int) -> dict[str, Any]:
    """One simulation: how far it is, and what came of it so far."""
    with refusals():
        journey = find(pk)
    return _told(journey, _find(journey, number))


@router.get("/journeys/{int:pk}/simulations/{int:number}/people")
def people_behind(request: HttpRequest, pk: int, number: int, what: str) -> list[dict[str, Any]]:
    """The first 20 people behind a number; what: "STEP entered", "STEP refused:cap", "goal", "inside", ..."""
    with refusals():
        journey = find(pk)
    found = simulation.behind(_find(journey, number), what)
    return [{"id": c.pk, "name": str(c), "email": c.email or ""} for c in found]


@router.post("/journeys/{int:pk}/simulations/{int:number}/cancel")
def cancel(request: HttpRequest, pk: int, number: int) -> dict[str, Any]:
    """Stop one that runs; what it counted is dropped."""
    with refusals():
        journey = find(pk)
    simulating.cancel(_find(journey, number).pk, actor=actor_of(request))
    return _told(journey, _find(journey, number))
