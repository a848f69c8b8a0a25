"""The pipelines and the desk."""

from __future__ import annotations

from django.db import transaction

from ..models import Pipeline, PipelineStage, SalesDesk
from ..rules import DEFAULT_PIPELINE, DEFAULT_STAGES


def ensure_pipeline() -> Pipeline:
    """The first pipeline, made with its usual stages where there is none yet. Safe to run at the same time."""
    found = Pipeline.objects.first()
    if found is not None:
        return found
    with transaction.atomic():
        SalesDesk.objects.get_or_create(pk=1)
        SalesDesk.objects.select_for_update().get(pk=1)  # one maker at a time
        pipeline, made = Pipeline.objects.get_or_create(name=DEFAULT_PIPELINE)
        if made:
            PipelineStage.objects.bulk_create(
                PipelineStage(
                    pipeline=pipeline,
                    name=name,
                    kind=kind,
                    probability=probability,
                    rot_days=rot,
                    hue=hue,
                    order=order,
                )
                for order, (name, kind, probability, rot, hue) in enumerate(DEFAULT_STAGES)
            )
    return pipeline


def first_stage(pipeline: Pipeline) -> PipelineStage:
    """Where a new deal of the pipeline begins. Raises ValueError where the pipeline has no open stage."""
    stage = pipeline.stages.filter(kind="open").first()
    if stage is None:
        raise ValueError(f"pipeline {pipeline.name} has no open stage")
    return stage


def set_sla(minutes: int) -> None:
    """How many minutes sales has to answer a lead. Raises ValueError outside 1 minute to 30 days."""
    if not 1 <= minutes <= 43_200:
        raise ValueError("between 1 minute and 30 days")
    SalesDesk.objects.update_or_create(pk=1, defaults={"sla_minutes": minutes})
