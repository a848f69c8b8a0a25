"""Score models over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from .. import actions, queries
from ..models import ScoreModel, ScoreRun
from .base import Name, refusals, router


class BandIn(Schema):
    key: str = Field(pattern="^[a-z0-9][a-z0-9_-]{0,19}$")
    name: str = Field("", max_length=40)
    hue: int = Field(235, ge=0, le=360)
    #: Points it begins at; null in the lowest band
    start: int | None = None


class ModelIn(Schema):
    name: Name = Field(max_length=80)
    key: str = Field("", max_length=40, pattern=r"^[-a-zA-Z0-9_]*$")
    description: str = Field("", max_length=300)
    bands: list[BandIn] | None = None
    thresholds: list[int] = []
    decay: str = Field("none", pattern="^(none|half|linear|expiry)$")
    decay_days: int = Field(0, ge=0, le=3660)
    rollup: str = Field("none", pattern="^(none|sum|max|avg)$")


class ModelChange(Schema):
    name: Name | None = Field(None, max_length=80)
    description: str | None = Field(None, max_length=300)
    bands: list[BandIn] | None = None
    thresholds: list[int] | None = None
    decay: str | None = Field(None, pattern="^(none|half|linear|expiry)$")
    decay_days: int | None = Field(None, ge=0, le=3660)
    rollup: str | None = Field(None, pattern="^(none|sum|max|avg)$")


class RunOut(Schema):
    """A model being computed anew: per cent, people done, how many of them will be in another band."""

    progress: int
    people: int
    moved: int
    created_at: datetime


class ModelOut(Schema):
    key: str
    name: str
    description: str
    bands: list[BandIn]
    thresholds: list[int]
    decay: str
    decay_days: int
    rollup: str
    archived_at: datetime | None
    people: dict[str, int]
    run: RunOut | None


def _out(
    model: ScoreModel, counts: dict[tuple[int, str], int], people: int, runs: dict[int, ScoreRun]
) -> dict[str, Any]:
    names = ("key", "name", "description", "bands", "thresholds", "decay", "decay_days", "rollup", "archived_at")
    held = {b.key: b.count for b in queries.distribution(model, counts, people)}
    return {name: getattr(model, name) for name in names} | {"people": held, "run": runs.get(model.pk)}


def _one(model: ScoreModel) -> dict[str, Any]:
    return _out(model, queries.band_counts(), queries.people_count(), queries.runs())


def _find(key: str) -> ScoreModel:
    with refusals():
        return ScoreModel.objects.get(key=key)


@router.get("/scoring/models", response=list[ModelOut], summary="Scores with how many people each band holds")
def list_models(request: HttpRequest, archived: bool = False) -> Any:
    counts, people, runs = queries.band_counts(), queries.people_count(), queries.runs()
    return [_out(m, counts, people, runs) for m in queries.models(archived=archived)]


@router.post("/scoring/models", response={201: ModelOut})
def create_model(request: HttpRequest, body: ModelIn) -> Any:
    with refusals():
        return 201, _one(actions.create_model(**body.dict(), actor=request.actor))  # type: ignore[attr-defined]


@router.get("/scoring/models/{key}", response=ModelOut)
def show_model(request: HttpRequest, key: str) -> Any:
    return _one(_find(key))


@router.patch("/scoring/models/{key}", response=ModelOut, summary="Change a score; another decay is computed for all")
def update_model(request: HttpRequest, key: str, body: ModelChange) -> Any:
    changes = {k: v for k, v in body.dict(exclude_unset=True).items() if v is not None}
    model = _find(key)
    with refusals():
        return _one(actions.update_model(model.pk, **changes, actor=request.actor))  # type: ignore[attr-defined]


@router.delete("/scoring/models/{key}", response={204: None})
def delete_model(request: HttpRequest, key: str) -> Any:
    model = _find(key)
    with refusals():
        actions.delete_model(model.pk, actor=request.actor)  # type: ignore[attr-defined]
    return 204, None


class ArchiveIn(Schema):
    archived: bool = True


@router.post("/scoring/models/{key}/archive", response=ModelOut, summary="Put a score away, or take it up again")
def archive_model(request: HttpRequest, key: str, body: ArchiveIn) -> Any:
    model = _find(key)
    with refusals():
        return _one(actions.archive_model(model.pk, archived=body.archived, actor=request.actor))  # type: ignore[attr-defined]


@router.post("/scoring/models/{key}/run", response=ModelOut, summary="Compute a score anew from the whole past")
def start_run(request: HttpRequest, key: str) -> Any:
    model = _find(key)
    actions.recompute_model(model.pk, actor=request.actor)  # type: ignore[attr-defined]
    return _one(model)


@router.delete("/scoring/models/{key}/run", response=ModelOut, summary="Stop computing: rules are as they were before")
def stop_run(request: HttpRequest, key: str) -> Any:
    model = _find(key)
    actions.cancel_run(model.pk, actor=request.actor)  # type: ignore[attr-defined]
    return _one(_find(key))
