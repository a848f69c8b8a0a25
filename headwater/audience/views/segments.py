"""Segments: the list, and the editor with live preview."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.core import actors
from headwater.people import queries as people

from .. import actions, queries
from ..compiler import ConditionError, parse, summary
from ..compiler.leaves.picked import without_picked
from ..compiler.nodes import Group, Node
from ..engine.book import book
from ..forms import SegmentForm
from ..models import Segment
from ..panels import spark


def words_of() -> dict[int, str]:
    """Plain language of every segment whose definition holds water, from the rule book."""
    return {one.id: _words(one.node) for one in book().segments}


def _words(node: Node) -> str:
    """What a condition says. Who was picked by hand stands beside it, not as a condition around it."""
    own = without_picked(node)
    if own is node:
        return summary(node)
    if own == Group("any", ()):
        return _("chosen by hand")
    return _("%(words)s, with changes by hand") % {"words": summary(own)}


def segments(request: HttpRequest) -> HttpResponse:
    """All segments with their counts and with what uses them."""
    words, counts = words_of(), queries.counts()
    found = list(Segment.objects.order_by("name", "pk")[:1000])
    used, grown = queries.used_by(found), queries.growth([s for s in found if not s.keeper])
    rows = {
        s.pk: {"segment": s, "count": counts.get(s.pk, 0), "words": words.get(s.pk, s.error), "uses": used[s.pk]}
        | _sparkline(grown.get(s.pk, []))
        for s in found
    }
    context = {"rows": [rows[s.pk] for s in found if not s.keeper], "kept": [rows[s.pk] for s in found if s.keeper]}
    template = "audience/segments.html#rows" if request.GET.get("part") == "rows" else "audience/segments.html"
    return render(request, template, context)


def _sparkline(days: list[queries.Day]) -> dict[str, Any]:
    """The members over the days as a small line, and how many more or fewer they are than at its beginning."""
    if len(days) < 2:
        return {}
    line, area = spark([d.members for d in days], 84, 22)
    return {"line": line, "area": area, "more": days[-1].members - days[0].members, "days": len(days)}


def preview(request: HttpRequest) -> HttpResponse:
    """POST definition: JSON with the fragment of count and sample, or with what is wrong and where."""
    if request.method != "POST":
        return HttpResponse(status=405)
    try:
        condition = json.loads(request.POST.get("definition", ""))
        key = request.POST.get("key", "") or actions.free_key(request.POST.get("name", ""))
        node = parse(condition, trail=(key,))
    except ConditionError as error:
        return JsonResponse({"problems": [{"path": p.path, "message": p.message} for p in error.problems]})
    except ValueError as error:
        return JsonResponse({"problems": [{"path": "$", "message": str(error)}]})
    count, sample = queries.preview(condition, key=key)
    s = Segment.objects.filter(key=key, generation__gt=0).first()
    known = people.contacts(sample)
    rows = [{"person": known[p], "hue": people.hue_of(p)} for p in sample if p in known]
    context = {"count": count, "sample": rows, "words": summary(node), "rest": max(0, count - len(rows)), "segment": s}
    if s is not None:
        context["change"] = queries.change(s, condition)
    return JsonResponse({"html": render_to_string("audience/preview.html", context, request), "count": count})


def segment_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Create or change a segment."""
    s = get_object_or_404(Segment, pk=pk) if pk is not None else None
    try:
        if s is not None:
            actions.refuse_kept(s)
    except actions.Kept as error:
        messages.error(request, str(error))
        return redirect("audience:segment", s.pk if s else 0)
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
def segment_duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    """A copy under a name of its own, opened in the editor. Its random samples and hand-picked members are its own."""
    s = get_object_or_404(Segment, pk=pk)
    made = actions.create_segment(
        name=(_("Copy of %(name)s") % {"name": s.name})[:120],
        description=s.description,
        announce=s.announce,
        definition=s.definition if s.pending is None else s.pending,
        actor=actors.user(request.user.pk or 0),
    )
    messages.success(request, _("Copied. Give it a name and change what differs."))
    return redirect("audience:edit", made.pk)


@require_POST
def segment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete, unless other segments or journeys use it."""
    s = get_object_or_404(Segment, pk=pk)
    try:
        actions.delete_segment(pk, actor=actors.user(request.user.pk or 0))
    except actions.InUse as error:
        messages.error(request, str(error))
        return redirect("audience:segment", pk)
    messages.success(request, _("Segment “%(name)s” deleted") % {"name": s.name})
    return redirect("audience:segments")
