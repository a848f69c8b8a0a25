"""People's scores over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Schema
from ninja.errors import HttpError

from headwater.people.queries import contacts

from .. import actions, queries
from ..models import ScoreModel
from .base import refusals, router


class LineOut(Schema):
    """points: as given; worth: what is left of them."""

    at: datetime
    points: int
    worth: float
    why: str
    kind: str
    fact_id: UUID
    rule_id: int
    actor: str


def _known_model(model: str) -> None:
    if not ScoreModel.objects.filter(key=model).exists():
        raise HttpError(404, f"There is no score with the key “{model}”.")


def _known(person_id: int, model: str = "") -> None:
    if person_id not in contacts([person_id]):
        raise HttpError(404, "There is no such contact.")
    if model:
        _known_model(model)


class ScoreOut(Schema):
    """What the lines are worth, and `rounding`, add up to `points`."""

    model: str
    points: int
    band: str
    rounding: float
    lines: list[LineOut]


class PointsIn(Schema):
    points: int = Field(ge=-1_000_000, le=1_000_000)
    reason: str = Field("", max_length=200)
    model: str = "engagement"
    id: UUID | None = None


@router.get("/people/{int:person_id}/score", response=ScoreOut, summary="The score with every line that makes it")
def get_score(request: HttpRequest, person_id: int, model: str = "engagement") -> Any:
    _known(person_id, model)
    return queries.explain_score(person_id, model)


class ScoreNow(Schema):
    model: str
    points: int
    band: str


@router.get("/people/{int:person_id}/scores", response=list[ScoreNow], summary="The score in every model")
def get_scores(request: HttpRequest, person_id: int) -> Any:
    _known(person_id)
    found = queries.all_scores([person_id], [m.key for m in queries.models()])[person_id]
    return [{"model": key, "points": s.points, "band": s.band} for key, s in found.items()]


@router.get("/people/{int:person_id}/score/history", response=list[int], summary="The score at the end of each day")
def get_history(request: HttpRequest, person_id: int, model: str = "engagement", days: int = 90) -> Any:
    _known(person_id, model)
    return queries.score_history(person_id, max(2, min(days, 730)), model)


@router.post("/people/{int:person_id}/score", response=ScoreOut, summary="Give or take points")
def add_points(request: HttpRequest, person_id: int, body: PointsIn) -> Any:
    _known(person_id)
    given = actions.Points(person_id, body.points, body.reason, request.actor, body.model, body.id)  # type: ignore[attr-defined]
    with refusals():
        actions.add_points([given])
    return queries.explain_score(person_id, body.model)


@router.get("/companies/{int:company_id}/score", response=ScoreNow, summary="The score rolled up from its people")
def company_score(request: HttpRequest, company_id: int, model: str = "engagement") -> Any:
    _known_model(model)
    found = queries.company_scores([company_id], model).get(company_id)
    if found is None:
        raise HttpError(404, "None of its people has points.")
    return {"model": model, "points": found.points, "band": found.band}
