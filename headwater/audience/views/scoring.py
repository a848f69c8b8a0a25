"""Score models: the list, the page of one, its settings, and computing it anew."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.core.facts import look_of

from .. import actions, queries
from ..compiler import ConditionError, parse, summary
from ..compiler.words import conditions, kind_label
from ..forms import ModelForm
from ..models import ScoreModel, ScoreRule
from .base import actor, dialog, done


def _find(key: str) -> ScoreModel:
    return get_object_or_404(ScoreModel, key=key)


def page_of(model: ScoreModel) -> str:
    return reverse("audience:score", args=[model.key])


def _bar(bands: list[queries.BandShare]) -> list[dict[str, Any]]:
    """The bands as pieces of a bar of 100, the lowest first."""
    total, at, out = max(1, sum(b.count for b in bands)), 0.0, []
    for band in reversed(bands):
        width = 100 * band.count / total
        out.append({"hue": band.hue, "x": f"{at:.2f}", "width": f"{width:.2f}", "band": band})
        at += width
    return out


def _row(model: ScoreModel, counts: dict[tuple[int, str], int], people: int) -> dict[str, Any]:
    bands = queries.distribution(model, counts, people)
    return {"model": model, "bands": bands, "bar": _bar(bands)}


def scoring(request: HttpRequest) -> HttpResponse:
    """All scores with how many people each band holds, and the topics of interest (?part= one of the two tables)."""
    counts, people, runs = queries.band_counts(), queries.people_count(), queries.runs()
    rules: dict[int, int] = {}
    for pk in ScoreRule.objects.filter(ended_at=None).values_list("model_id", flat=True):
        rules[pk] = rules.get(pk, 0) + 1
    rows = [
        _row(m, counts, people) | {"run": runs.get(m.pk), "rules": rules.get(m.pk, 0)}
        for m in queries.models(archived=True)
    ]
    if request.GET.get("part") == "rows":
        return render(request, "audience/scoring.html#rows", {"rows": rows})
    topics = [{"topic": t, "count": n, "run": runs.get(-t.pk)} for t, n in queries.topics()]
    if request.GET.get("part") == "topics":
        return render(request, "audience/scoring.html#topicrows", {"topics": topics})
    return render(request, "audience/scoring.html", {"rows": rows, "topics": topics})


def score(request: HttpRequest, key: str) -> HttpResponse:
    """One score: bands, rules with what they give, what uses it."""
    model = _find(key)
    context = _row(model, queries.band_counts(), queries.people_count())
    context |= {"run": queries.runs().get(model.pk)}
    part = request.GET.get("part")
    if part == "head":
        return render(request, "audience/score.html#head", context)
    rules = list(ScoreRule.objects.filter(model=model, ended_at=None).order_by("-points", "pk"))
    if part == "effects":
        found = queries.effects(rules)
        rows = [{"rule": r, "effect": found[r.pk]} for r in rules]
        return render(request, "audience/score.html#effects", context | {"rows": rows})
    events = [_rule_row(r) for r in rules if r.condition is None]
    standing = [_rule_row(r) for r in rules if r.condition is not None]
    context |= {"events": events, "standing": standing, "uses": queries.score_users(model)}
    context |= {"lead": model.key == queries.ENGAGEMENT, "has_minus": any(r.points < 0 for r in rules)}
    return render(request, "audience/score.html", context)


def _rule_row(rule: ScoreRule) -> dict[str, Any]:
    if rule.condition is None:
        words = kind_label(rule.kind) + (f", {conditions(rule.where)}" if rule.where else "")
        return {"rule": rule, "words": words, "look": look_of(rule.kind), "limits": limits(rule)}
    try:
        words = summary(parse(rule.condition))
    except ConditionError as error:
        words = str(error)
    return {"rule": rule, "words": words, "look": None, "limits": []}


def limits(rule: ScoreRule) -> list[str]:
    """The limits of a rule in words."""
    out = []
    if rule.cap is not None:
        out.append(_("%(n)s points %(period)s") % {"n": rule.cap, "period": rule.get_cap_per_display()})
    if rule.times is not None:
        out.append(_("%(n)s× %(period)s") % {"n": rule.times, "period": rule.get_times_per_display()})
    if rule.cap_total is not None:
        out.append(_("%(n)s points in total") % {"n": rule.cap_total})
    return out


def model_edit(request: HttpRequest, key: str = "") -> HttpResponse:
    """Make a score, or change its name, bands, thresholds and decay, in a dialog."""
    model = _find(key) if key else None
    form = ModelForm(request.POST or None, model=model)
    if request.method == "POST" and form.is_valid():
        try:
            if model is None:
                model = actions.create_model(**form.values(), actor=actor(request))
                return done(request, _("Score made. Now give it rules."), page_of(model))
            before = (model.decay, model.decay_days)
            model = actions.update_model(model.pk, **form.values(), actor=actor(request))
        except (ValueError, actions.InUse) as error:
            form.add_error(None, str(error))
        else:
            same = before == (model.decay, model.decay_days)
            text = _("Saved; everybody's band is up to date") if same else _("Saved. The points are computed anew.")
            return done(request, text, page_of(model))
    action = reverse("audience:score_edit", args=[key]) if key else reverse("audience:score_new")
    title = _("Settings of the score") if model else _("New score")
    return dialog(request, form, {"title": title, "action": action}, "audience/score_edit.html")


@require_POST
def model_archive(request: HttpRequest, key: str) -> HttpResponse:
    """Put a score away, or take it up again."""
    model = _find(key)
    try:
        model = actions.archive_model(model.pk, archived=model.archived_at is None, actor=actor(request))
    except (ValueError, actions.InUse) as error:
        messages.error(request, str(error))
        return redirect("audience:score", key)
    messages.success(request, _("Score archived") if model.archived_at else _("The score is live again"))
    return redirect("audience:scoring")


@require_POST
def model_delete(request: HttpRequest, key: str) -> HttpResponse:
    """Delete a score, unless something asks for it."""
    try:
        actions.delete_model(_find(key).pk, actor=actor(request))
    except (ValueError, actions.InUse) as error:
        messages.error(request, str(error))
        return redirect("audience:score", key)
    messages.success(request, _("Score deleted"))
    return redirect("audience:scoring")


@require_POST
def run_start(request: HttpRequest, key: str) -> HttpResponse:
    """Compute a score anew from the whole past."""
    actions.recompute_model(_find(key).pk, actor=actor(request))
    messages.success(request, _("The score is computed anew in the background."))
    return redirect("audience:score", key)


@require_POST
def run_cancel(request: HttpRequest, key: str) -> HttpResponse:
    """Stop that; the rules are as they were before."""
    if actions.cancel_run(_find(key).pk, actor=actor(request)):
        messages.success(request, _("Stopped. The rules are as they were before."))
    return redirect("audience:score", key)
