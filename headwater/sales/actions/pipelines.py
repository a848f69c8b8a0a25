"""The pipelines, their stages, and the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from headwater.accounts.actions import audit
from headwater.core import clock, wake

from ..models import Deal, Pipeline, PipelineStage, SalesDesk
from ..rules import DEFAULT_PIPELINE, DEFAULT_STAGES, HUES
from .archive import empty_archived

MOST_STAGES = 20


class Refused(ValueError):
    """A change that must not be made; the text says why, for people. `field` is where to show it."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def ensure_pipeline() -> Pipeline:
    """The first pipeline, made with its usual stages where there is none yet. Safe to run at the same time."""
    found = Pipeline.objects.first()
    if found is not None:
        return found
    with transaction.atomic():
        _one_at_a_time()
        pipeline, made = Pipeline.objects.get_or_create(name=DEFAULT_PIPELINE)
        if made:
            _usual_stages(pipeline)
    return pipeline


def _one_at_a_time() -> None:
    SalesDesk.objects.get_or_create(pk=1)
    SalesDesk.objects.select_for_update().get(pk=1)


def _usual_stages(pipeline: Pipeline) -> None:
    PipelineStage.objects.bulk_create(
        PipelineStage(
            pipeline=pipeline, name=name, kind=kind, probability=probability, rot_days=rot, hue=hue, order=order
        )
        for order, (name, kind, probability, rot, hue) in enumerate(DEFAULT_STAGES)
    )


def first_stage(pipeline: Pipeline) -> PipelineStage:
    """Where a new deal of the pipeline begins. Raises ValueError where the pipeline has no open stage."""
    stage = pipeline.stages.filter(kind="open", archived_at=None).first()
    if stage is None:
        raise ValueError(_("The pipeline %(name)s has no open stage.") % {"name": pipeline.name})
    return stage


@transaction.atomic
def create_pipeline(*, name: str, actor: str) -> Pipeline:
    """A pipeline with the usual stages, last in the order. Raises Refused on an empty name or one that is taken."""
    _one_at_a_time()
    name = _free_name(name)
    last = Pipeline.objects.order_by("-order").values_list("order", flat=True).first()
    pipeline = Pipeline.objects.create(name=name, order=(last or 0) + 1)
    _usual_stages(pipeline)
    audit("pipeline.created", name, actor=actor)
    return pipeline


@transaction.atomic
def rename_pipeline(pipeline_id: int, *, name: str, actor: str) -> Pipeline:
    """Raises Refused, Pipeline.DoesNotExist."""
    _one_at_a_time()
    pipeline = Pipeline.objects.get(pk=pipeline_id)
    before, pipeline.name = pipeline.name, _free_name(name, but=pipeline_id)
    if before != pipeline.name:
        pipeline.save(update_fields=["name"])
        audit("pipeline.renamed", pipeline.name, actor=actor, before={"name": before}, after={"name": pipeline.name})
        wake.publish("board")
    return pipeline


@transaction.atomic
def delete_pipeline(pipeline_id: int, *, actor: str) -> None:
    """Remove a pipeline that holds no deal and is not the last one. Raises Refused, Pipeline.DoesNotExist."""
    _one_at_a_time()
    pipeline = Pipeline.objects.get(pk=pipeline_id)
    if Pipeline.objects.count() == 1:
        raise Refused(_("This is the only pipeline."))
    if Deal.objects.filter(pipeline=pipeline).exists():
        raise Refused(_("This pipeline holds deals. Move or delete them first."))
    pipeline.delete()
    audit("pipeline.deleted", pipeline.name, actor=actor)


def _free_name(name: str, but: int = 0) -> str:
    name = " ".join(name.split())[:80]
    if not name:
        raise Refused(_("Give the pipeline a name."), "name")
    if Pipeline.objects.filter(name__iexact=name).exclude(pk=but).exists():
        raise Refused(_("There is a pipeline of this name already."), "name")
    return name


# -- stages ----------------------------------------------------------------------------------------------------------
def used_stages(pipeline_id: int) -> list[PipelineStage]:
    """The stages of a pipeline that take deals, in their order."""
    return list(PipelineStage.objects.filter(pipeline_id=pipeline_id, archived_at=None))


def _locked(pipeline_id: int) -> Pipeline:
    """The pipeline, locked: its stages are changed one after the other."""
    # no_key: deals that name the pipeline are written meanwhile; waiting for each other would be a deadlock
    return Pipeline.objects.select_for_update(no_key=True).get(pk=pipeline_id)


@transaction.atomic
def add_stage(
    pipeline_id: int, *, name: str, probability: int, actor: str, rot_days: int = 0, hue: int | None = None
) -> PipelineStage:
    """An open stage, after the other open ones. Raises Refused, Pipeline.DoesNotExist."""
    pipeline = _locked(pipeline_id)
    stages = used_stages(pipeline_id)
    if len(stages) >= MOST_STAGES:
        raise Refused(_("A pipeline has at most %(n)s stages.") % {"n": MOST_STAGES})
    open_ = [s for s in stages if s.kind == "open"]
    stage = PipelineStage(pipeline=pipeline, hue=HUES[len(open_) % len(HUES)] if hue is None else hue)
    _change(stage, {"name": name, "probability": probability, "rot_days": rot_days})
    _save(stage)
    _number([*open_, stage, *(s for s in stages if s.kind != "open")])
    audit("stage.created", stage.name, actor=actor, after=_state(stage))
    wake.publish("board")
    return stage


@transaction.atomic
def update_stage(stage_id: int, *, actor: str, **changes: Any) -> PipelineStage:
    """Change name, probability (percent), rot_days or hue. The probability of won and lost is fixed. Raises Refused,
    PipelineStage.DoesNotExist."""
    stage = PipelineStage.objects.get(pk=stage_id, archived_at=None)
    _locked(stage.pipeline_id)
    stage.refresh_from_db()
    before = _state(stage)
    _change(stage, changes)
    after = _state(stage)
    if before != after:
        _save(stage)
        audit("stage.changed", stage.name, actor=actor, before=before, after=after)
        wake.publish("board")
    return stage


@transaction.atomic
def order_stages(pipeline_id: int, stage_ids: Sequence[int], *, actor: str) -> list[PipelineStage]:
    """Put the open stages into this order; won and lost stay last. Raises Refused where these are not all open stages
    of the pipeline (somebody changed them meanwhile), Pipeline.DoesNotExist."""
    pipeline = _locked(pipeline_id)
    stages = used_stages(pipeline_id)
    known = {s.pk: s for s in stages if s.kind == "open"}
    if sorted(stage_ids) != sorted(known):
        raise Refused(_("The stages have changed in the meantime. The page shows how they are now."))
    ordered = [known[pk] for pk in stage_ids]
    before = [s.name for s in stages if s.kind == "open"]
    after = [s.name for s in ordered]
    if before != after:
        _number([*ordered, *(s for s in stages if s.kind != "open")])
        audit("stages.ordered", pipeline.name, actor=actor, before={"stages": before}, after={"stages": after})
        wake.publish("board")
    return used_stages(pipeline_id)


def archive_stage(stage_id: int, *, into_id: int, actor: str) -> int:
    """Take an open stage out of use; its deals move to `into_id`, another open stage of the pipeline. Returns how many
    moved. Raises Refused, PipelineStage.DoesNotExist.

    The stage is closed first and emptied then, so that nobody can put a deal into it meanwhile. A kill in between
    leaves deals in a closed stage: the worker moves them (`archive.empty_archived`).
    """
    with transaction.atomic():
        stage = PipelineStage.objects.get(pk=stage_id, archived_at=None)
        _locked(stage.pipeline_id)
        stage = PipelineStage.objects.select_for_update(no_key=True).get(pk=stage_id, archived_at=None)
        into = PipelineStage.objects.filter(
            pk=into_id, pipeline_id=stage.pipeline_id, kind="open", archived_at=None
        ).first()
        if stage.kind != "open":
            raise Refused(_("Every pipeline keeps its stages for won and lost deals."))
        if into is None or into.pk == stage.pk:
            raise Refused(_("Say which open stage of this pipeline takes its deals."), "into")
        stage.archived_at, stage.successor = clock.now(), into
        stage.save(update_fields=["archived_at", "successor"])
        PipelineStage.objects.filter(successor=stage).update(successor=into)
        audit("stage.archived", stage.name, actor=actor, before=_state(stage), after={"deals go to": into.name})
    moved = empty_archived(stage.pk, actor=actor)
    wake.publish("board")
    return moved


def _change(stage: PipelineStage, changes: dict[str, Any]) -> None:
    if unknown := set(changes) - {"name", "probability", "rot_days", "hue"}:
        raise Refused(f"a stage has no {', '.join(sorted(unknown))}")
    if "name" in changes:
        stage.name = " ".join(str(changes["name"]).split())[:60]
        if not stage.name:
            raise Refused(_("Give the stage a name."), "name")
    if "probability" in changes and stage.kind != "open" and changes["probability"] != stage.probability:
        raise Refused(_("The probability of won and lost deals is fixed."), "probability")
    for field, most in (("probability", 100), ("rot_days", 3650), ("hue", 359)):
        if field in changes:
            value = changes[field]
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
                raise Refused(_("A whole number between 0 and %(most)s.") % {"most": most}, field)
            setattr(stage, field, value)


def _save(stage: PipelineStage) -> None:
    try:
        with transaction.atomic():
            stage.save()
    except IntegrityError:
        raise Refused(_("The pipeline has a stage of this name already."), "name") from None


def _number(stages: Sequence[PipelineStage]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE sales_pipelinestage s SET "order" = n.place - 1 '
            "FROM unnest(%s::bigint[]) WITH ORDINALITY AS n(id, place) WHERE s.id = n.id",
            [[s.pk for s in stages]],
        )


def _state(stage: PipelineStage) -> dict[str, Any]:
    return {"name": stage.name, "probability": stage.probability, "rot_days": stage.rot_days, "hue": stage.hue}


@transaction.atomic
def set_sla(minutes: int, *, actor: str) -> None:
    """How many minutes sales has to answer a lead. Raises ValueError outside 1 minute to 30 days."""
    if not 1 <= minutes <= 43_200:
        raise ValueError("between 1 minute and 30 days")
    row, _made = SalesDesk.objects.select_for_update().get_or_create(pk=1)
    before, row.sla_minutes = row.sla_minutes, minutes
    if before != minutes:
        row.save(update_fields=["sla_minutes"])
        was, now = {"sla_minutes": before}, {"sla_minutes": minutes}
        audit("desk.changed", _("Lead hand-over"), actor=actor, before=was, after=now)
