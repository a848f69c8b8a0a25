"""Scoring: rules, bands, topics, and why a person has her score."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.core import actors
from headwater.core.facts import look_of
from headwater.people import queries as people
from headwater.people.models import Contact

from .. import actions, queries
from ..compiler.words import conditions, kind_label
from ..forms import BandsForm, RuleForm, TopicForm, kinds
from ..models import ScoreModel, ScoreRule, Topic

HUES = {"cold": 235, "warm": 60, "hot": 25}


def _actor(request: HttpRequest) -> str:
    return actors.user(request.user.pk or 0)


def _model() -> ScoreModel:
    return get_object_or_404(ScoreModel, key=queries.ENGAGEMENT)


def _context(model: ScoreModel) -> dict[str, Any]:
    rules = [
        {
            "rule": r,
            "look": look_of(r.kind),
            "when": kind_label(r.kind),
            "where": conditions(r.where) if r.where else "",
        }
        for r in ScoreRule.objects.filter(model=model).order_by("-points", "pk")
    ]
    counts = queries.band_counts()
    scored = sum(n for (m, _band), n in counts.items() if m == model.pk)
    cold = counts.get((model.pk, "cold"), 0) + max(0, queries.people_count() - scored)
    bands: list[dict[str, Any]] = [
        {"name": "hot", "label": _("Hot"), "from": model.hot, "count": counts.get((model.pk, "hot"), 0)},
        {"name": "warm", "label": _("Warm"), "from": model.warm, "count": counts.get((model.pk, "warm"), 0)},
        {"name": "cold", "label": _("Cold"), "from": None, "count": cold},
    ]
    total = max(1, sum(b["count"] for b in bands))
    for band in bands:
        band["hue"], band["share"] = HUES[band["name"]], round(100 * band["count"] / total)
    return {"model": model, "rules": rules, "bands": bands, "topics": queries.topics()}


def scoring(request: HttpRequest) -> HttpResponse:
    """Rules, bands with how many people each holds, topics."""
    model = _model()
    form = BandsForm(initial={"warm": model.warm, "hot": model.hot})
    return render(request, "audience/scoring.html", _context(model) | {"form": form})


def bands(request: HttpRequest) -> HttpResponse:
    """The thresholds, in a dialog."""
    model = _model()
    form = BandsForm(request.POST or None, initial={"warm": model.warm, "hot": model.hot})
    if request.method == "POST" and form.is_valid():
        actions.set_bands(model.pk, **form.cleaned_data, actor=_actor(request))
        return _done(request, _("Thresholds saved; everybody's band is up to date"))
    title = _("Temperature bands")
    return _dialog(request, form, {"title": title, "action": reverse("audience:bands")})


def _dialog(request: HttpRequest, form: Any, context: dict[str, Any]) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, "audience/dialog.html", {"form": form, **context}, status=status)


def _done(request: HttpRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return HttpResponse(status=204, headers={"HX-Redirect": reverse("audience:scoring")})


def rule_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Create or change a rule, in a dialog."""
    rule = get_object_or_404(ScoreRule, pk=pk) if pk is not None else None
    form = RuleForm(request.POST or None, initial=RuleForm.initial_of(rule) if rule else None)
    if request.method == "POST" and form.is_valid():
        data = {name: form.cleaned_data[name] for name in ("name", "kind", "points", "cap", "active")}
        data["cap_per"] = form.cleaned_data["cap_per"] or "day"
        data["where"] = form.where(rule.where if rule else [])
        if rule is None:
            actions.create_rule(**data, actor=_actor(request))
        else:
            actions.update_rule(rule.pk, **data, actor=_actor(request))
        return _done(request, _("Rule saved. It counts what happens from now on."))
    action = reverse("audience:rule", args=[pk]) if pk else reverse("audience:rule_new")
    title = _("Edit rule") if rule else _("New rule")
    remove = reverse("audience:rule_delete", args=[pk]) if pk else ""
    return _dialog(request, form, {"title": title, "action": action, "delete": remove, "kinds": kinds()})


@require_POST
def rule_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch a rule on or off."""
    rule = get_object_or_404(ScoreRule, pk=pk)
    actions.update_rule(pk, active=not rule.active, actor=_actor(request))
    messages.success(request, _("Rule switched off") if rule.active else _("Rule switched on"))
    return redirect("audience:scoring")


@require_POST
def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a rule; points already given stay."""
    get_object_or_404(ScoreRule, pk=pk)
    actions.delete_rule(pk, actor=_actor(request))
    return _done(request, _("Rule deleted. The points that it gave stay."))


def topic_edit(request: HttpRequest, key: str = "") -> HttpResponse:
    """Create or change a topic of interest, in a dialog."""
    topic = get_object_or_404(Topic, key=key) if key else None
    form = TopicForm(request.POST or None, initial=TopicForm.initial_of(topic) if topic else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.save_topic(
                key=key, name=data["name"], hue=data["hue"], matches=form.matches(), actor=_actor(request)
            )
        except ValueError as error:
            form.add_error("keywords", str(error))
        else:
            return _done(request, _("Topic saved"))
    action = reverse("audience:topic", args=[key]) if key else reverse("audience:topic_new")
    title = _("Edit topic") if topic else _("New topic")
    remove = reverse("audience:topic_delete", args=[key]) if key else ""
    return _dialog(request, form, {"title": title, "action": action, "delete": remove})


@require_POST
def topic_delete(request: HttpRequest, key: str) -> HttpResponse:
    """Delete a topic, unless segments ask for it."""
    get_object_or_404(Topic, key=key)
    try:
        actions.delete_topic(key, actor=_actor(request))
    except actions.InUse as error:
        messages.error(request, str(error))
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("audience:scoring")})
    return _done(request, _("Topic deleted"))


def score_why(request: HttpRequest, person_id: int) -> HttpResponse:
    """Every line that makes a person's score, in a dialog."""
    person = get_object_or_404(Contact, pk=person_id)
    found = queries.explain_score(person_id)
    lines = [{"line": line, "look": look_of(line.kind)} for line in found.lines]
    context = {"person": person, "hue": people.hue_of(person_id), "found": found, "lines": lines}
    return render(request, "audience/score_why.html", context | {"band_hue": HUES[found.band]})
