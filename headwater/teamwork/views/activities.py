"""What the composer sends, the panels of records, and fields that pick one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headwater.core.fragments import came_from, changed
from headwater.people import queries as people

from .. import actions, panels, queries
from ..forms import CallForm, NoteForm
from .common import actor, number, refused


@require_POST
def add_note(request: HttpRequest) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return refused(request, form)
    values = form.cleaned_data
    actions.add_note(
        values["body"],
        actor=actor(request),
        person_id=values["contact"],
        company_id=values["company"],
        deal_id=values["deal"],
        url=came_from(request, reverse("teamwork:tasks")),
    )
    messages.success(request, _("Note added"))
    return changed(request, "composed")


@require_POST
def log_call(request: HttpRequest) -> HttpResponse:
    form = CallForm(request.POST)
    if not form.is_valid():
        return refused(request, form)
    values = form.cleaned_data
    actions.log_call(
        actor=actor(request),
        person_id=values["contact"],
        outcome=values["outcome"],
        direction=values["direction"],
        seconds=60 * (values["minutes"] or 0),
        note=values["note"],
        deal_id=values["deal"],
    )
    messages.success(request, _("Call logged"))
    return changed(request, "composed")


@require_GET
def contact_tasks(request: HttpRequest, person_id: int) -> HttpResponse:
    """The tasks panel of a contact, fetched again."""
    return render(
        request, "teamwork/panel_tasks.html", panels.tasks_panel(queries.for_contact(person_id), contact=person_id)
    )


@require_GET
def company_notes(request: HttpRequest, company_id: int) -> HttpResponse:
    """The notes panel of a company, fetched again."""
    return render(request, "teamwork/panel_notes.html", panels.company_notes(company_id))


@require_GET
def deal_tasks(request: HttpRequest, deal_id: int) -> HttpResponse:
    """The tasks panel of a deal, fetched again."""
    person = number(request.GET.get("contact"))
    context = panels.tasks_panel(queries.for_deal(deal_id), deal=deal_id, contact=person)
    return render(request, "teamwork/panel_tasks.html", context)


@require_GET
def activities(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Notes and calls of a deal, the newest first."""
    return render(
        request, "teamwork/activities.html", {"activities": panels.deal_activities(deal_id), "deal_id": deal_id}
    )


@require_GET
def pick_contacts(request: HttpRequest) -> JsonResponse:
    """People whose name, address or telephone fits what is typed, for a field that picks one."""
    text = request.GET.get("q", "")[:100]
    rows = people.page(people.Listing(q=text, sort="seen"), limit=8).rows if text.strip() else []
    items = [{"id": r.id, "text": r.title, "sub": " · ".join(p for p in (r.company, r.email) if p)} for r in rows]
    return JsonResponse({"items": items})


@require_GET
def pick_companies(request: HttpRequest) -> JsonResponse:
    """Companies whose name or domain fits what is typed."""
    text = request.GET.get("q", "")[:100]
    rows = people.companies(q=text, limit=8)[0] if text.strip() else []
    return JsonResponse({"items": [{"id": r.pk, "text": r.name, "sub": r.domain} for r in rows]})
