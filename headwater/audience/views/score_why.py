"""Why a person has her score, in each of the models."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from headwater.people import queries as people
from headwater.people.models import Contact

from .. import queries
from ..compiler.words import band_name
from ..models import ScoreModel
from ..panels import spark
from .base import explained


def score_why(request: HttpRequest, person_id: int) -> HttpResponse:
    """Every line that makes a person's score, in a dialog; ?model= for another score than the lead score."""
    person = get_object_or_404(Contact, pk=person_id)
    model = get_object_or_404(ScoreModel, key=request.GET.get("model") or queries.ENGAGEMENT)
    found = queries.explain_score(person_id, model.key)
    band = next((b for b in model.bands if b["key"] == found.band), model.bands[0])
    line, area = spark(queries.score_history(person_id, 90, model.key), 480, 64)
    context = {
        "person": person, "hue": people.hue_of(person_id), "model": model, **explained(found),
        "models": queries.models(), "band": band_name(band), "band_hue": band["hue"], "line": line, "area": area,
    }  # fmt: skip
    return render(request, "audience/score_why.html", context)
