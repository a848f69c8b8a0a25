"""The page of a segment: its members, who came and went, who is in by hand, and why somebody is in or not."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from headwater.core import actors
from headwater.core.ids import id_of
from headwater.people import queries as people
from headwater.people.models import Contact

from .. import actions, queries
from ..compiler import ConditionError, Verdict
from ..models import Picked, Segment
from ..panels import spark
from .segments import words_of

PAGE = 50
BY_HAND = 30


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


def _by_hand(segment_id: int) -> dict[str, Any]:
    found = queries.picked(segment_id, limit=BY_HAND)
    known = people.contacts([one.person_id for one in found])
    rows = [
        {"person": known[one.person_id], "hue": people.hue_of(one.person_id), "one": one}
        for one in found
        if one.person_id in known
    ]
    return {"picks": rows}


def segment(request: HttpRequest, pk: int) -> HttpResponse:
    """One segment: what it says, how many, who, and why for a chosen person."""
    s = get_object_or_404(Segment, pk=pk)
    part = request.GET.get("part", "")
    context: dict[str, Any] = {"segment": s}
    if part == "hand":
        return render(request, "audience/segment.html#hand", context | _by_hand(pk))
    if part == "members":
        return render(request, "audience/segment.html#members", context | _page(pk, 0))
    context |= {"words": words_of().get(s.pk, s.error), "count": queries.counts().get(s.pk, 0)}
    if part == "growth":
        return render(request, "audience/growth.html", context | _growth(s))
    if part == "head":
        return render(request, "audience/segment.html#head", context)
    context["uses"] = queries.used_by([s])[s.pk]
    chosen = id_of(request.GET.get("person", ""))
    if chosen is not None:
        context |= _why(s, chosen)
    return render(request, "audience/segment.html", context | _page(pk, 0) | _by_hand(pk))


#: Days of the chart, and of the list below it
CHART, LISTED = 90, 14


def _growth(s: Segment) -> dict[str, Any]:
    """Members over the days, and who came and went on each, as pieces of a chart of 90 by 64 and 90 by 40."""
    days = queries.growth([s], CHART)[s.pk]
    if len(days) < 2:
        return {"days": []}
    line, area = spark([d.members for d in days], 480, 64)
    most, step = max(1, *(max(d.entered, d.left) for d in days)), 480 / len(days)
    bars = [
        {"day": d, "x": f"{n * step:.1f}", "w": f"{max(1, step - 1.5):.1f}", "up": f"{18 - 18 * d.entered / most:.1f}",
         "uph": f"{18 * d.entered / most:.1f}", "down": f"{18 * d.left / most:.1f}"}
        for n, d in enumerate(days)
    ]  # fmt: skip
    return {
        "line": line, "area": area, "bars": bars, "days": days, "listed": days[-LISTED:][::-1],
        "came": sum(d.entered for d in days[-30:]), "went": sum(d.left for d in days[-30:]), "span": min(30, len(days)),
    }  # fmt: skip


def members(request: HttpRequest, pk: int) -> HttpResponse:
    """Further rows of the members' table."""
    after = request.GET.get("after", "0")
    get_object_or_404(Segment, pk=pk)
    return render(request, "audience/segment.html#rows", _page(pk, id_of(after) or 0))


def moves(request: HttpRequest, pk: int) -> HttpResponse:
    """Who came and went lately."""
    get_object_or_404(Segment, pk=pk)
    found = queries.moves(pk)
    known = people.contacts([one.person_id for one in found or []])
    rows = [
        {"person": known[one.person_id], "hue": people.hue_of(one.person_id), "move": one}
        for one in found or []
        if one.person_id in known
    ]
    return render(request, "audience/moves.html", {"moves": rows, "much": found is None})


def shown(verdict: Verdict, *, inverted: bool = False) -> dict[str, Any]:
    """A verdict as people read it: `good` is whether this part speaks for her being in. Below "none of these" what
    does not hold is good, so that a mark never has to be turned around in the head."""
    good = verdict.holds != inverted
    if verdict.op == "not":
        inner = verdict.children[0]
        if not inner.op and not inner.children:
            says = _("not: %(condition)s") % {"condition": inner.says}
            return {"says": says, "good": good, "evidence": inner.evidence, "children": []}
        children = inner.children if inner.op == "any" else [inner]
        below = [shown(one, inverted=not inverted) for one in children]
        return {"says": _("None of these"), "good": good, "evidence": [], "children": below, "head": _met(below)}
    below = [shown(one, inverted=inverted) for one in verdict.children]
    head = {"all": _("All of these"), "any": _("Any of these")}.get(verdict.op, "")
    if head and len(below) == 1:
        return below[0]
    out = {"says": head or verdict.says, "good": good, "evidence": verdict.evidence, "children": below}
    return out | ({"head": _met(below)} if below else {})


def _met(below: list[dict[str, Any]]) -> str:
    n = sum(one["good"] for one in below)
    return ngettext("%(n)s of %(all)s", "%(n)s of %(all)s", n) % {"n": n, "all": len(below)}


def _why(s: Segment, person_id: int) -> dict[str, Any]:
    person = Contact.objects.filter(pk=person_id).first()
    if person is None:
        return {"missing": True}
    try:
        answer = queries.explain_membership(s, person_id)
    except ConditionError as error:
        return {"broken": error.problems}
    side = Picked.objects.filter(person_id=person_id, segment_id=s.pk).values_list("side", flat=True).first()
    return {
        "person": person,
        "hue": people.hue_of(person_id),
        "answer": answer,
        "verdict": shown(answer.verdict) if answer else None,
        "side": side or "",
    }


def why(request: HttpRequest, pk: int) -> HttpResponse:
    """Find a person by `q`, or explain `person`: fragments of the segment's page."""
    s = get_object_or_404(Segment, pk=pk)
    chosen, text = id_of(request.GET.get("person", "")), request.GET.get("q", "").strip()
    if chosen is not None:
        return render(request, "audience/why.html", {"segment": s, **_why(s, chosen)})
    hits = people.page(people.Listing(q=text, sort="seen"), limit=6).rows if text else []
    return render(request, "audience/why.html", {"segment": s, "hits": hits, "q": text, "searched": bool(text)})


@require_POST
def pick(request: HttpRequest, pk: int) -> HttpResponse:
    """Put `person` in, keep her out, or let the conditions decide: answers with why, as it is then."""
    s = get_object_or_404(Segment, pk=pk)
    person, side = id_of(request.POST.get("person", "")), request.POST.get("side", "")
    if person is None:
        return HttpResponseBadRequest(_("Choose a person."))
    try:
        actions.pick_members(pk, [person], side=side, actor=actors.user(request.user.pk or 0))
    except (ValueError, actions.Kept) as error:
        return HttpResponseBadRequest(str(error))
    said = {"in": _("Put in by hand"), "out": _("Kept out by hand")}.get(side, _("The conditions decide again"))
    s.refresh_from_db()
    response = render(request, "audience/why.html", {"segment": s, **_why(s, int(person))})
    response["HX-Trigger"] = json.dumps({"toast": {"text": said}, "picks:changed": {}}, ensure_ascii=True)
    return response


def standing(request: HttpRequest, person_id: int) -> HttpResponse:
    """Every segment with whether this person is in it, in a dialog; each leads to why."""
    person = get_object_or_404(Contact, pk=person_id)
    inside = {s.pk for s in queries.segments_of([person_id])[person_id]}
    found = Segment.objects.filter(generation__gt=0, keeper="").order_by("name", "pk")[:500]
    rows = sorted(({"segment": s, "inside": s.pk in inside} for s in found), key=lambda row: not row["inside"])
    return render(request, "audience/standing.html", {"person": person, "rows": rows})
