"""A lead before the rep: why it comes, and the answer to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
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
from .board import actor, said_stretch, stretch


def _handover(handover_id: int) -> LeadHandover:
    try:
        return queries.handover(handover_id)
    except LeadHandover.DoesNotExist as error:
        raise Http404("lead") from error


#: What the list can be narrowed to, as the address and the page say it; "intime" are those answered within the clock
STATUSES = (
    ("open", _lazy("Waiting")),
    ("accepted", _lazy("Accepted")),
    ("returned", _lazy("Sent back")),
    ("intime", _lazy("Answered in time")),
)


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Hand-overs, newest first: `?status= &since= &until= &owner=me`."""
    status = request.GET.get("status", "")
    status = status if status in dict(STATUSES) else ""
    mine = request.GET.get("owner") == "me"
    since, until = stretch(request)
    try:
        page = queries.handovers(
            status="" if status == "intime" else status,
            intime=status == "intime",
            since=since,
            until=until,
            owner_id=request.user.pk if mine else None,
            after=request.GET.get("after", ""),
        )
    except ValueError as error:
        raise Http404(str(error)) from error
    kept = {name: value.isoformat() for name, value in (("since", since), ("until", until)) if value}
    kept |= {"owner": "me"} if mine else {}
    context = {
        "rows": [(row, panels.answer_minutes(row)) for row in page.rows],
        "now": clock.now(),
        "more": f"{request.path}?{urlencode({**kept, 'status': status, 'after': page.next})}" if page.next else "",
        "pills": [(name, label, f"?{urlencode({**kept, 'status': name})}") for name, label in STATUSES],
        "all_url": f"?{urlencode(kept)}" if kept else request.path,
        "status": status,
        "mine": mine,
        "mine_url": f"?{urlencode({**{k: v for k, v in kept.items() if k != 'owner'}, 'status': status})}",
        "me_url": f"?{urlencode({**kept, 'status': status, 'owner': 'me'})}",
        "said": said_stretch(since, until),
        "any_time": f"?{urlencode({'status': status})}",
    }
    template = "sales/leads.html#rows" if request.GET.get("after") and is_partial(request) else "sales/leads.html"
    return render(request, template, context)


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
        "period": urlencode({"since": (now - timedelta(days=MEASURED)).isoformat(), "until": now.isoformat()}),
    }
    return render(request, "sales/desk.html", context)
