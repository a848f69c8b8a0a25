"""A lead before the rep: why it comes, and the answer to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.accounts import queries as accounts
from headwater.accounts.access import require_role
from headwater.accounts.models import Role
from headwater.audience import queries as audience
from headwater.core import clock
from headwater.core.fragments import changed, is_partial
from headwater.people.models import Contact

from .. import actions, panels, queries
from ..forms import DeskForm, HandOverForm, ReasonForm
from ..models import LeadHandover
from .board import actor


def _handover(handover_id: int) -> LeadHandover:
    try:
        return queries.handover(handover_id)
    except LeadHandover.DoesNotExist as error:
        raise Http404("lead") from error


@require_GET
def lead(request: HttpRequest, handover_id: int) -> HttpResponse:
    """Why this lead: score explained, pages, mails, interests, the way so far."""
    return _page(request, _handover(handover_id), ReasonForm())


def _page(request: HttpRequest, row: LeadHandover, form: ReasonForm) -> HttpResponse:
    person = row.contact_id
    context: dict[str, Any] = {
        "handover": row,
        "contact": row.contact,
        "score": audience.explain_score(person),
        "score_lines": panels.score_lines(person),
        "interests": audience.interests([person])[person][:8],
        "story": queries.story(person),
        "form": form,
        "late": row.status == "open" and row.sla_due_at < clock.now(),
        "deal_money": panels.money_of(row.deal),
    }
    return render(request, "sales/lead.html", context)


@require_POST
def accept(request: HttpRequest, handover_id: int) -> HttpResponse:
    row = _handover(handover_id)
    try:
        actions.accept_lead(handover_id, actor=actor(request))
    except ValueError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Accepted. Now it is your turn."))
    return changed(request, "tasks-changed", "leads-changed", otherwise=reverse("sales:lead", args=[row.pk]))


@require_POST
def send_back(request: HttpRequest, handover_id: int) -> HttpResponse:
    """Return a lead to marketing; the reason is asked for."""
    row = _handover(handover_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    try:
        actions.return_lead(handover_id, form.cleaned_data["reason"], actor=actor(request))
    except ValueError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Returned to marketing"))
    return redirect("sales:lead", handover_id=row.pk)


@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, person_id: int) -> HttpResponse:
    """The button on a contact: hand over to sales by hand."""
    contact = Contact.objects.filter(pk=person_id).first()
    if contact is None:
        raise Http404("contact")
    status = 200
    form = HandOverForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid():
            item = actions.HandOver(person_id, form.cleaned_data["reason"], amount=form.cleaned_data["amount"])
            (done,) = actions.hand_over([item], actor=actor(request))
            if done.refused == "already_open":
                messages.info(request, _("Sales has this lead already."))
            else:
                messages.success(request, _("Handed over to sales"))
            url = reverse("people:record", args=[person_id])
            return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_partial(request) else redirect(url)
        status = 422 if is_partial(request) else 200
    template = "sales/hand_over.html#form" if is_partial(request) else "sales/hand_over.html"
    return render(request, template, {"form": form, "contact": contact}, status=status)


@require_GET
def banner(request: HttpRequest, person_id: int) -> HttpResponse:
    """The hand-over banner of a contact, fetched again."""
    contact = Contact.objects.filter(pk=person_id).first()
    if contact is None:
        raise Http404("contact")
    return render(request, "sales/panel_handover.html", panels.handover_panel(contact))


#: Days that the settings page measures both sides over.
MEASURED = 90


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """How leads are handed over: the time to answer, who is in the round, how well it goes."""
    form = DeskForm(request.POST or None, initial={"sla_minutes": queries.sla_minutes()})
    if request.method == "POST" and form.is_valid():
        actions.set_sla(form.cleaned_data["sla_minutes"], actor=actor(request))
        messages.success(request, _("Saved"))
        return redirect("sales:desk")
    now = clock.now()
    context = {
        "form": form,
        "takers": list(accounts.lead_takers()),
        "stats": queries.handover_stats(now - timedelta(days=MEASURED), now),
        "days": MEASURED,
    }
    return render(request, "sales/desk.html", context)
