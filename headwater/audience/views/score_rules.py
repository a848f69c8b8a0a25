"""The rules of a score: the editor with its effect while typing, switching, deleting."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.core.ids import id_of

from .. import actions, queries
from ..compiler.palette import palette
from ..forms import RuleForm
from ..models import ScoreModel, ScoreRule
from .base import actor, done
from .scoring import page_of


def _rule(pk: int) -> ScoreRule:
    return get_object_or_404(ScoreRule.objects.select_related("model"), pk=pk, ended_at=None)


def rule_palette(request: HttpRequest) -> HttpResponse:
    """What the editor of an event rule offers: one event and its properties, without count and time."""
    offered = palette()
    leaf = next(one for one in offered["leaves"] if one["type"] == "event")
    parts = [part for part in leaf["parts"] if part.get("key") in ("event", "where")]
    fresh = {"event": "page.viewed", "where": []}
    offered["leaves"] = [{**leaf, "parts": parts, "negation": None, "fresh": fresh}]
    return JsonResponse(offered)


def rule_edit(request: HttpRequest, key: str = "", pk: int | None = None) -> HttpResponse:
    """Make or change a rule."""
    rule = _rule(pk) if pk is not None else None
    model = rule.model if rule else get_object_or_404(ScoreModel, key=key)
    standing = rule.condition is not None if rule else request.GET.get("sort") == "condition"
    form = RuleForm(request.POST or None, standing=standing, rule=rule)
    if request.method == "POST" and form.is_valid():
        try:
            _save(rule, model, form, actor(request))
        except ValueError as error:
            form.add_error("definition", str(error))
        else:
            past = standing or form.cleaned_data.get("past")
            computing = _("Rule saved. The score is computed anew in the background.")
            messages.success(request, computing if past else _("Rule saved. It counts what happens from now on."))
            return redirect(page_of(model))
    context = {"form": form, "rule": rule, "model": model, "standing": standing, "definition": _shown(form, rule)}
    return render(request, "audience/score_rule.html", context)


def _save(rule: ScoreRule | None, model: ScoreModel, form: RuleForm, by: str) -> None:
    if rule is None:
        actions.create_rule(model=model.key, **form.values(), actor=by)
    else:
        actions.update_rule(rule.pk, **form.values(), actor=by)


def _shown(form: RuleForm, rule: ScoreRule | None) -> str:
    """The JSON that the editor begins with."""
    if form.is_bound:
        return str(form.data.get("definition", ""))
    if rule is None:
        start: dict[str, Any] = {"all": []} if form.standing else {"all": [{"event": "page.viewed", "where": []}]}
        return json.dumps(start)
    if rule.condition is not None:
        return json.dumps(rule.condition)
    return json.dumps({"all": [{"event": rule.kind, "where": rule.where}]})


def effect(request: HttpRequest) -> HttpResponse:
    """POST the fields of a rule: what it would have given in the last 30 days, or what is wrong."""
    if request.method != "POST":
        return HttpResponse(status=405)
    form = RuleForm({**request.POST.dict(), "name": "x"}, standing=bool(request.POST.get("standing")))
    if not form.is_valid():
        told = [*form.errors.get("definition", []), *form.errors.get("points", [])]
        wrong = [str(error) for error in told] if request.POST.get("points") else []
        return render(request, "audience/effect.html", {"wrong": wrong or [_("Something is missing yet.")]})
    values = form.values()
    context = {"effect": queries.effect_of(values), "standing": form.standing}
    model = ScoreModel.objects.filter(key=request.POST.get("of", "")).first()
    if model is not None and values.get("past"):
        rule = request.POST.get("rule", "")
        context["shift"] = queries.shift_of(model, values, id_of(rule) or 0)
    return render(request, "audience/effect.html", context)


@require_POST
def rule_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch a rule on or off."""
    rule = _rule(pk)
    actions.update_rule(pk, active=not rule.active, actor=actor(request))
    messages.success(request, _("Rule switched off") if rule.active else _("Rule switched on"))
    return redirect(page_of(rule.model))


def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether the points that a rule gave stay, and delete it."""
    rule = _rule(pk)
    if request.method != "POST":
        action = reverse("audience:rule_delete", args=[pk])
        return render(request, "audience/rule_delete.html", {"rule": rule, "action": action})
    past = request.POST.get("past") == "yes"
    actions.delete_rule(pk, past=past, actor=actor(request))
    if past or rule.condition is not None:
        return done(request, _("Rule deleted. Its points are taken back in the background."), page_of(rule.model))
    return done(request, _("Rule deleted. The points that it gave stay."), page_of(rule.model))
