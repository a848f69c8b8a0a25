"""Segments: list, page of one, editor with live preview."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.core import actors
from headwater.people import queries as people
from headwater.people.models import Contact

from .. import actions, queries
from ..compiler import ConditionError, parse, summary
from ..engine.book import book
from ..forms import SegmentForm
from ..models import Segment

PAGE = 50


def _words() -> dict[int, str]:
    """Plain language of every segment whose definition holds water, from the rule book."""
    return {one.id: summary(one.node) for one in book().segments}


def segments(request: HttpRequest) -> HttpResponse:
    """All segments with their counts."""
    words, counts = _words(), queries.counts()
    rows = [
        {"segment": s, "count": counts.get(s.pk, 0), "words": words.get(s.pk, s.error)}
        for s in Segment.objects.order_by("name", "pk")[:1000]
    ]
    template = "audience/segments.html#rows" if request.GET.get("part") == "rows" else "audience/segments.html"
    return render(request, template, {"rows": rows})


def _page(segment_id: int, after: int) -> dict[str, Any]:
    found = queries.members(segment_id, after=after, limit=PAGE + 1)
    known = people.contacts([p for p, _since in found[:PAGE]])
    scores = queries.scores(list(known))
    rows = [
        {"person": known[p], "hue": people.hue_of(p), "since": since, "score": scores[p]}
        for p, since in found[:PAGE]
        if p in known
    ]
    more = f"{reverse('audience:members', args=[segment_id])}?after={found[PAGE - 1][0]}" if len(found) > PAGE else ""
    return {"members": rows, "more": more}


def segment(request: HttpRequest, pk: int) -> HttpResponse:
    """One segment: what it says, how many, who, and why for a chosen person."""
    s = get_object_or_404(Segment, pk=pk)
    context: dict[str, Any] = {
        "segment": s,
        "words": _words().get(s.pk, s.error),
        "count": queries.counts().get(s.pk, 0),
        "used_by": sorted({one.name for one in book().segments if f"segment:{s.key}" in one.needs and one.id != s.pk}),
    }
    if request.GET.get("part") == "head":
        return render(request, "audience/segment.html#head", context)
    chosen = request.GET.get("person", "")
    if chosen.isdigit():
        context |= _why(s, int(chosen))
    return render(request, "audience/segment.html", context | _page(pk, 0))


def members(request: HttpRequest, pk: int) -> HttpResponse:
    """Further rows of the members' table."""
    after = request.GET.get("after", "0")
    get_object_or_404(Segment, pk=pk)
    return render(request, "audience/segment.html#rows", _page(pk, int(after) if after.isdigit() else 0))


def _why(s: Segment, person_id: int) -> dict[str, Any]:
    person = Contact.objects.filter(pk=person_id).first()
    if person is None:
        return {"missing": True}
    try:
        answer = queries.explain_membership(s, person_id)
    except ConditionError as error:
        return {"broken": error.problems}
    return {"person": person, "hue": people.hue_of(person_id), "answer": answer}


def why(request: HttpRequest, pk: int) -> HttpResponse:
    """Find a person by `q`, or explain `person`: fragments of the segment's page."""
    s = get_object_or_404(Segment, pk=pk)
    chosen, text = request.GET.get("person", ""), request.GET.get("q", "").strip()
    if chosen.isdigit():
        return render(request, "audience/why.html", {"segment": s, **_why(s, int(chosen))})
    hits = people.page(people.Listing(q=text, sort="seen"), limit=6).rows if text else []
    return render(request, "audience/why.html", {"segment": s, "hits": hits, "q": text, "searched": bool(text)})


def preview(request: HttpRequest) -> HttpResponse:
    """POST definition: JSON with the fragment of count and sample, or with what is wrong and where."""
    if request.method != "POST":
        return HttpResponse(status=405)
    try:
        condition = json.loads(request.POST.get("definition", ""))
        key = request.POST.get("key", "")
        node = parse(condition, trail=(key,) if key else ())
    except ConditionError as error:
        return JsonResponse({"problems": [{"path": p.path, "message": p.message} for p in error.problems]})
    except ValueError as error:
        return JsonResponse({"problems": [{"path": "$", "message": str(error)}]})
    count, sample = queries.preview(condition)
    known = people.contacts(sample)
    rows = [{"person": known[p], "hue": people.hue_of(p)} for p in sample if p in known]
    context = {"count": count, "sample": rows, "words": summary(node), "rest": max(0, count - len(rows))}
    return JsonResponse({"html": render_to_string("audience/preview.html", context, request), "count": count})


def segment_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Create or change a segment."""
    s = get_object_or_404(Segment, pk=pk) if pk is not None else None
    definition: Any = {"all": []} if s is None else s.definition if s.pending is None else s.pending
    initial = {"name": s.name, "description": s.description, "announce": s.announce} if s else {}
    if request.method == "POST":
        form = SegmentForm(request.POST, key=s.key if s else "")
        if form.is_valid():
            saved = _save(request, s, form.cleaned_data)
            return redirect("audience:segment", saved.pk)
        with contextlib.suppress(ValueError):
            definition = json.loads(request.POST.get("definition", ""))
    else:
        form = SegmentForm(initial=initial | {"definition": json.dumps(definition)})
    context = {"form": form, "segment": s, "definition_json": json.dumps(definition)}
    return render(request, "audience/segment_edit.html", context)


def _save(request: HttpRequest, s: Segment | None, data: dict[str, Any]) -> Segment:
    actor = actors.user(request.user.pk or 0)
    fields = {name: data[name] for name in ("name", "description", "announce", "definition")}
    if s is None:
        made = actions.create_segment(**fields, actor=actor)
        messages.success(request, _("Saved. The segment is being built."))
        return made
    building = data["definition"] != (s.definition if s.pending is None else s.pending)
    saved = actions.update_segment(s.pk, **fields, actor=actor)
    messages.success(request, _("Saved. The segment is being built anew.") if building else _("Saved"))
    return saved


@require_POST
def segment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete, unless other segments take it in."""
    s = get_object_or_404(Segment, pk=pk)
    try:
        actions.delete_segment(pk, actor=actors.user(request.user.pk or 0))
    except actions.InUse as error:
        messages.error(request, str(error))
        return redirect("audience:segment", pk)
    messages.success(request, _("Segment “%(name)s” deleted") % {"name": s.name})
    return redirect("audience:segments")
