"""Settings: pipelines and their stages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from headwater.accounts.access import require_role
from headwater.accounts.models import Role
from headwater.core.fragments import is_partial

from .. import actions, queries
from ..forms import ArchiveForm, PipelineForm, StageForm
from ..models import Pipeline, PipelineStage
from .board import actor, number


def _pipeline(pipeline_id: int) -> Pipeline:
    found = queries.pipeline(pipeline_id)
    if found is None:
        raise Http404("pipeline")
    return found


def _stage(stage_id: int) -> PipelineStage:
    found = queries.stage(stage_id)
    if found is None or found.archived_at is not None:
        raise Http404("stage")
    return found


def _refuse(form: Any, error: actions.Refused) -> None:
    form.add_error(error.field if error.field in form.fields else None, str(error))


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def pipelines(request: HttpRequest) -> HttpResponse:
    """All pipelines; a new one starts with the usual stages."""
    actions.ensure_pipeline()
    form = PipelineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_pipeline(name=form.cleaned_data["name"], actor=actor(request))
        except actions.Refused as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Pipeline created"))
            return redirect("sales:pipeline", made.pk)
    return render(request, "sales/pipelines.html", {"rows": queries.pipeline_sizes(), "form": form})


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def pipeline(request: HttpRequest, pipeline_id: int) -> HttpResponse:
    """One pipeline: its name, its stages in their order."""
    row = _pipeline(pipeline_id)
    form = PipelineForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        try:
            actions.rename_pipeline(pipeline_id, name=form.cleaned_data["name"], actor=actor(request))
        except actions.Refused as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("sales:pipeline", pipeline_id)
    return render(request, "sales/pipeline.html", {**_stages(row), "form": form})


def _stages(row: Pipeline) -> dict[str, Any]:
    stages = list(row.stages.all())
    counts = queries.stage_sizes(row.pk)
    open_ = [s.pk for s in stages if s.kind == "open"]
    return {
        "pipeline": row,
        "rows": [(s, counts.get(s.pk, 0), s.pk == open_[0], s.pk == open_[-1]) for s in stages],
        "open_stages": len(open_),
        "deals": sum(counts.values()),
    }


@require_role(Role.ADMIN)
@require_POST
def delete(request: HttpRequest, pipeline_id: int) -> HttpResponse:
    """Remove an empty pipeline."""
    row = _pipeline(pipeline_id)
    try:
        actions.delete_pipeline(row.pk, actor=actor(request))
    except actions.Refused as error:
        messages.error(request, str(error))
        return redirect("sales:pipeline", pipeline_id)
    messages.success(request, _("Pipeline deleted"))
    return redirect("sales:pipelines")


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def new_stage(request: HttpRequest, pipeline_id: int) -> HttpResponse:
    """The dialog that adds a stage."""
    row = _pipeline(pipeline_id)
    form = StageForm(request.POST or None, initial={"probability": 50, "rot_days": 14})
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_stage(pipeline_id, actor=actor(request), **form.cleaned_data)
            return _done(request, row, _("Stage added"))
        except actions.Refused as error:
            _refuse(form, error)
    return _dialog(request, form, _("Add a stage"), _("Add"), row)


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def stage(request: HttpRequest, stage_id: int) -> HttpResponse:
    """The dialog that changes a stage."""
    row = _stage(stage_id)
    initial = {"name": row.name, "probability": row.probability, "rot_days": row.rot_days}
    form = StageForm(request.POST or None, initial=initial, kind=row.kind)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_stage(stage_id, actor=actor(request), **form.cleaned_data)
            return _done(request, row.pipeline, _("Saved"))
        except actions.Refused as error:
            _refuse(form, error)
    return _dialog(request, form, _("Change the stage"), _("Save"), row.pipeline)


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def archive(request: HttpRequest, stage_id: int) -> HttpResponse:
    """The dialog that takes a stage out of use; it asks where its deals go."""
    row = _stage(stage_id)
    others = [s for s in _pipeline(row.pipeline_id).stages.all() if s.kind == "open" and s.pk != row.pk]
    form = ArchiveForm(request.POST or None, stages=others)
    if request.method == "POST" and form.is_valid():
        try:
            moved = actions.archive_stage(stage_id, into_id=form.cleaned_data["into"], actor=actor(request))
        except actions.Refused as error:
            _refuse(form, error)
        else:
            words = ngettext("Stage archived, %(n)s deal moved", "Stage archived, %(n)s deals moved", moved)
            return _done(request, row.pipeline, words % {"n": moved})
    deals = queries.stage_sizes(row.pipeline_id).get(row.pk, 0)
    lead = ngettext(
        "%(n)s deal stands in %(name)s. It keeps its history; the stage is no longer offered.",
        "%(n)s deals stand in %(name)s. They keep their history; the stage is no longer offered.",
        deals,
    )
    title = _("Archive %(name)s?") % {"name": row.label}
    return _dialog(request, form, title, _("Archive"), row.pipeline, lead % {"n": deals, "name": row.label})


def _dialog(
    request: HttpRequest, form: Any, title: str, button: str, pipeline: Pipeline, lead: str = ""
) -> HttpResponse:
    context = {"form": form, "title": title, "button": button, "pipeline": pipeline, "lead": lead}
    part = is_partial(request)
    status = 422 if form.is_bound and part else 200
    template = "sales/stage_form.html#form" if part else "sales/stage_form.html"
    return render(request, template, context, status=status)


def _done(request: HttpRequest, pipeline: Pipeline, words: str) -> HttpResponse:
    messages.success(request, words)
    url = reverse("sales:pipeline", args=[pipeline.pk])
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_partial(request) else redirect(url)


@require_role(Role.ADMIN)
@require_POST
def order(request: HttpRequest, pipeline_id: int) -> HttpResponse:
    """Open stages in a new order: `stages` (all of them, as dragged), or `stage` and `by` (-1 up, 1 down)."""
    row = _pipeline(pipeline_id)
    wanted = [s.pk for s in row.stages.all() if s.kind == "open"]
    moving, by = number(request.POST.get("stage")), number(request.POST.get("by"))
    if moving in wanted and by in (-1, 1):
        at = wanted.index(moving)
        wanted.insert(max(0, at + by), wanted.pop(at))
    else:
        wanted = [pk for text in request.POST.get("stages", "").split(",") if (pk := number(text)) is not None]
    status = 200
    try:
        actions.order_stages(pipeline_id, wanted, actor=actor(request))
    except actions.Refused as error:
        messages.error(request, str(error))
        status = 409
    if not is_partial(request):
        return redirect("sales:pipeline", pipeline_id)
    return render(
        request, "sales/pipeline.html#stages", {**_stages(_pipeline(pipeline_id)), "moved": moving}, status=status
    )
