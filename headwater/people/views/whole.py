"""A person as a whole: erased, handed out, made one with another, parted again."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from headwater.accounts.access import require_role
from headwater.accounts.models import Role
from headwater.core.ids import id_of

from .. import actions, queries, rules
from ..forms import CONTACT_PROPS, FIELD_LABELS, prop_view
from ..models import Contact, Merge
from .common import actor, is_fragment

#: What is chosen side by side
SIDES = (
    "name", "email", "phone", "job_title", "company", "stage", "owner_id", "city", "country", "region", "language",
    "time_zone", "birthday", "gender", "customer_since", "renewal_date",
)  # fmt: skip


@require_role(Role.MARKETER)
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then erase a person everywhere."""
    person = get_object_or_404(Contact.objects.only("name", "email", "phone"), pk=pk)
    error, status = "", 200
    if request.method == "POST":
        try:
            actions.erase_people([pk], reason=request.POST.get("reason", ""), actor=actor(request))
        except rules.Invalid as problem:
            error, status = _(next(iter(problem.errors.values()))), 422
        else:
            messages.success(request, _("Erased everywhere. The journal says so on the health page."))
            url = reverse("people:list")
            return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_fragment(request) else redirect(url)
    template = "people/erase_dialog.html" if is_fragment(request) else "people/erase.html"
    return render(request, template, {"person": person, "error": error}, status=status)


@require_role(Role.MARKETER)
@require_safe
def everything(request: HttpRequest, pk: int) -> HttpResponse:
    """All that is kept of a person, as a file of JSON."""
    try:
        found = actions.export_person(pk)
    except Contact.DoesNotExist:
        raise Http404 from None
    text = json.dumps(found, ensure_ascii=False, indent=1, default=str)
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="person-{pk}.json"'
    return answer


@require_safe
def merge_with(request: HttpRequest, pk: int) -> HttpResponse:
    """The dialog that looks for the other one."""
    person = get_object_or_404(Contact.objects.defer("search", "grams"), pk=pk)
    q = request.GET.get("q", "").strip()[:100]
    if q:
        rows = queries.page(queries.Listing(q=q, sort="seen"), limit=8).rows
        found = [(r.id, r.title, " · ".join(t for t in (r.email, r.phone, r.company) if t)) for r in rows]
    else:
        alike = queries.look_alikes(name=person.name, phone=person.phone)
        found = [(c.pk, str(c), " · ".join(t for t in (c.email, c.phone) if t)) for c in alike]
    context = {"person": person, "found": [f for f in found if f[0] != pk], "q": q}
    part = "people/merge_found.html" if "q" in request.GET else "people/merge_with.html"
    return render(request, part, context)


@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Two people side by side: whose value is kept for each field; then they become one. `pk` stays."""
    both = queries.contacts([pk, other])
    if len(both) < 2:
        raise Http404
    survivor, merged = both[pk], both[other]
    error, status = "", 200
    if request.method == "POST":
        choices = {
            name.removeprefix("keep-"): chosen
            for name, value in request.POST.dict().items()
            if name.startswith("keep-") and (chosen := id_of(value)) is not None
        }
        try:
            done = actions.merge_contacts(pk, other, choices=choices, actor=actor(request))
        except rules.Invalid as problem:
            error, status = _(next(iter(problem.errors.values()))), 422
        else:
            text = _("%(name)s is one contact now.") % {"name": str(survivor)}
            messages.success(request, text, extra_tags=f"undo:{reverse('people:unmerge', args=[done.pk])}")
            return redirect("people:record", pk)
    context = {"survivor": survivor, "merged": merged, "lines": _sides(survivor, merged), "error": error}
    return render(request, "people/merge.html", context, status=status)


def _sides(survivor: Contact, merged: Contact) -> list[dict[str, Any]]:
    lines = []
    for name in SIDES:
        views = [prop_view(c, name, {}, "") for c in (survivor, merged)]
        words = [", ".join(text for text, _hue in v.chips) or v.shown for v in views]
        if name == "owner_id":
            words = [c.owner.name if c.owner else "" for c in (survivor, merged)]
        field = "company_id" if name == "company" else name
        lines.append(_side(field, CONTACT_PROPS[name].label, words[0], words[1], survivor, merged))
    for name in sorted({*survivor.custom, *merged.custom}):
        values = ["" if c.custom.get(name) is None else str(c.custom[name]) for c in (survivor, merged)]
        lines.append(_side(f"custom.{name}", name, values[0], values[1], survivor, merged))
    return [line for line in lines if line["mine"] or line["theirs"]]


def _side(field: str, label: Any, mine: str, theirs: str, survivor: Contact, merged: Contact) -> dict[str, Any]:
    take = (not mine and bool(theirs)) or (field == "stage" and actions.further(merged.stage, survivor.stage))
    return {
        "field": field,
        "label": label or FIELD_LABELS.get(field, field),
        "mine": mine,
        "theirs": theirs,
        "differ": mine != theirs and bool(mine) and bool(theirs),
        "take": take,
    }


@require_POST
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """Part two people again."""
    row = get_object_or_404(Merge, pk=pk)
    try:
        _survivor, merged = actions.unmerge(pk, actor=actor(request))
    except rules.Invalid as problem:
        messages.error(request, _(next(iter(problem.errors.values()))))
        return redirect("people:record", row.survivor_id)
    messages.success(request, _("They are two contacts again."))
    return redirect("people:record", merged)


@require_safe
def duplicates(request: HttpRequest) -> HttpResponse:
    """Pairs that may be the same person."""
    return render(request, "people/duplicates.html", {"pairs": queries.alike_pairs(60)})


@require_POST
def apart(request: HttpRequest, one: int, other: int) -> HttpResponse:
    """These two are not the same person: never shown again."""
    actions.tell_apart(one, other, actor=actor(request))
    if is_fragment(request):
        return HttpResponse("")
    return redirect("people:duplicates")
