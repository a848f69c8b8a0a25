"""Pipelines and stages over the API. Whoever changes them is an administrator: the paths begin with /workspace."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Schema

from .. import actions, queries
from .base import refusals, router


class StageOut(Schema):
    id: int
    name: str
    kind: str
    probability: int
    rot_days: int


class PipelineOut(Schema):
    id: int
    name: str
    stages: list[StageOut]

    @staticmethod
    def resolve_stages(obj: Any) -> Any:
        return obj.stages.all()


class PipelineIn(Schema):
    name: str


class StageIn(Schema):
    name: str
    probability: int
    rot_days: int = 0
    hue: int | None = None


class StageChange(Schema):
    name: str | None = None
    probability: int | None = None
    rot_days: int | None = None
    hue: int | None = None


class StageOrder(Schema):
    """All open stages of the pipeline in their new order."""

    stage_ids: list[int]


class Archive(Schema):
    """into: the open stage of the same pipeline that takes the deals."""

    into: int


class Archived(Schema):
    moved: int


@router.get("/pipelines", response=list[PipelineOut])
def list_pipelines(request: HttpRequest) -> Any:
    actions.ensure_pipeline()
    return queries.pipelines()


@router.post("/workspace/pipelines", response={201: PipelineOut})
def create_pipeline(request: HttpRequest, body: PipelineIn) -> Any:
    """A pipeline with the usual stages."""
    with refusals():
        made = actions.create_pipeline(name=body.name, actor=request.actor)  # type: ignore[attr-defined]
    return 201, queries.pipeline(made.pk)


@router.patch("/workspace/pipelines/{pipeline_id}", response=PipelineOut)
def rename_pipeline(request: HttpRequest, pipeline_id: int, body: PipelineIn) -> Any:
    with refusals():
        actions.rename_pipeline(pipeline_id, name=body.name, actor=request.actor)  # type: ignore[attr-defined]
    return queries.pipeline(pipeline_id)


@router.delete("/workspace/pipelines/{pipeline_id}", response={204: None})
def delete_pipeline(request: HttpRequest, pipeline_id: int) -> Any:
    """Only an empty one that is not the last."""
    with refusals():
        actions.delete_pipeline(pipeline_id, actor=request.actor)  # type: ignore[attr-defined]
    return 204, None


@router.post("/workspace/pipelines/{pipeline_id}/stages", response={201: StageOut})
def add_stage(request: HttpRequest, pipeline_id: int, body: StageIn) -> Any:
    """An open stage, after the other open ones."""
    with refusals():
        return 201, actions.add_stage(pipeline_id, actor=request.actor, **body.dict())  # type: ignore[attr-defined]


@router.put("/workspace/pipelines/{pipeline_id}/order", response=PipelineOut)
def order_stages(request: HttpRequest, pipeline_id: int, body: StageOrder) -> Any:
    with refusals():
        actions.order_stages(pipeline_id, body.stage_ids, actor=request.actor)  # type: ignore[attr-defined]
    return queries.pipeline(pipeline_id)


@router.patch("/workspace/stages/{stage_id}", response=StageOut)
def change_stage(request: HttpRequest, stage_id: int, body: StageChange) -> Any:
    changes = {k: v for k, v in body.dict(exclude_unset=True).items() if v is not None}
    with refusals():
        return actions.update_stage(stage_id, actor=request.actor, **changes)  # type: ignore[attr-defined]


@router.post("/workspace/stages/{stage_id}/archive", response=Archived)
def archive_stage(request: HttpRequest, stage_id: int, body: Archive) -> Any:
    """Take an open stage out of use; its deals move."""
    with refusals():
        return {"moved": actions.archive_stage(stage_id, into_id=body.into, actor=request.actor)}  # type: ignore[attr-defined]
