"""The page of a deal."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headwater.accounts import queries as accounts
from headwater.core import clock
from headwater.core.money import CURRENCIES, format_money
from headwater.people import feed
from headwater.teamwork import panels as teamwork
from headwater.teamwork import queries as work
from headwater.timeline import queries as timeline

from .. import actions, panels, queries
from ..forms import EditForm, ReasonForm
from ..models import Deal
from .board import actor, number


def _deal(deal_id: int) -> Deal:
    try:
        return queries.deal(deal_id)
    except Deal.DoesNotExist as error:
        raise Http404("deal") from error


@require_GET
def deal(request: HttpRequest, deal_id: int) -> HttpResponse:
    """A deal: its properties, stage, work and history."""
    return _page(request, _deal(deal_id))


def _page(request: HttpRequest, row: Deal, *, status: int = 200, problem: str = "", lost: Any = None) -> HttpResponse:
    language = get_language() or "en"
    pipeline = queries.pipeline(row.pipeline_id)
    assert pipeline is not None
    context: dict[str, Any] = {
        "deal": row,
        "amount_text": f"{row.amount:,f}".removesuffix(".00") if row.amount is not None else "",
        "money": format_money(row.amount, row.currency, language),
        "stages": list(pipeline.stages.all()),
        "open_stages": [s for s in pipeline.stages.all() if s.kind == "open"],
        "history": panels.stage_history(row.pk, clock.now()),
        "activities": teamwork.deal_activities(row.pk) if row.contact_id is None else [],
        "days": _days(row),
        "deal_id": row.pk,
        "sellers": accounts.colleagues(),
        "currencies": CURRENCIES,
        "problem": problem,
        "lost_form": lost or ReasonForm(),
        "handover": queries.latest_for(row.contact_id) if row.contact_id else None,
        **teamwork.composer(contact=row.contact_id, deal=row.pk, company=row.company_id),
        **teamwork.tasks_panel(work.for_deal(row.pk), deal=row.pk, contact=row.contact_id),
    }
    context["stage_index"] = next((n for n, s in enumerate(context["open_stages"]) if s.pk == row.stage_id), -1)
    return render(request, "sales/deal.html", context, status=status)


def _days(row: Deal) -> list[Any]:
    """What sales did with the deal's contact, but not for her other deals, as days of a timeline."""
    if row.contact_id is None:
        return []
    kinds = timeline.kinds_of(["sales"])
    found = timeline.read(row.contact_id, kinds=kinds, limit=80)
    mine = [e for e in found if e.data.get("deal") in (None, row.pk)]
    name, url = str(row.contact), reverse("people:record", args=[row.contact_id])
    return list(feed.days(mine, {row.contact_id: (name, url)}))


@require_GET
def deal_feed(request: HttpRequest, deal_id: int) -> HttpResponse:
    """The timeline of a deal's page, fetched again."""
    row = _deal(deal_id)
    return render(request, "sales/deal_feed.html", {"deal": row, "days": _days(row)})


def _write(request: HttpRequest, deal_id: int, write: Any, done: str) -> HttpResponse:
    """Run an action on a deal; what it refuses is said, then the page as it is now."""
    row = _deal(deal_id)
    try:
        write()
    except actions.Stale:
        messages.error(request, _("Somebody else changed this deal in the meantime. Here is how it is now."))
    except ValueError as error:
        messages.error(request, str(error))
    else:
        if done:
            messages.success(request, done)
    return redirect("sales:deal", deal_id=row.pk)


@require_POST
def edit(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Change the properties that the form carries."""
    form = EditForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("sales:deal", deal_id=_deal(deal_id).pk)
    changes = {name: form.cleaned_data[name] for name in form.cleaned_data if name in request.POST}
    if "owner" in changes:
        owner = changes.pop("owner")
        changes["owner_id"] = owner.pk if owner else None
    version = number(request.POST.get("version"))
    return _write(
        request,
        deal_id,
        lambda: actions.update_deal(deal_id, actor=actor(request), version=version, **changes),
        _("Saved"),
    )


@require_POST
def to_stage(request: HttpRequest, deal_id: int) -> HttpResponse:
    """A step of the stage bar."""
    stage, version = number(request.POST.get("stage")), number(request.POST.get("version"))
    if stage is None:
        raise Http404("stage")
    return _write(
        request,
        deal_id,
        lambda: actions.move_deal(deal_id, stage, version=version, actor=actor(request)),
        "",
    )


@require_POST
def win(request: HttpRequest, deal_id: int) -> HttpResponse:
    version = number(request.POST.get("version"))
    return _write(
        request,
        deal_id,
        lambda: actions.win_deal(deal_id, version=version, actor=actor(request)),
        _("Won! The contact is a customer now."),
    )


@require_POST
def lose(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Lose a deal; the reason is asked for."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, _deal(deal_id), lost=form)
    version = number(request.POST.get("version"))
    return _write(
        request,
        deal_id,
        lambda: actions.lose_deal(deal_id, form.cleaned_data["reason"], version=version, actor=actor(request)),
        _("Marked as lost"),
    )


@require_POST
def delete(request: HttpRequest, deal_id: int) -> HttpResponse:
    """Remove a deal that was opened by mistake."""
    _deal(deal_id)
    actions.delete_deal(deal_id, actor=actor(request))
    messages.success(request, _("Deal deleted"))
    return redirect(reverse("sales:board"))


@require_GET
def contact_deals(request: HttpRequest, person_id: int) -> HttpResponse:
    """The deals panel of a contact, fetched again."""
    return render(request, "sales/panel_deals.html", panels.deals_panel(contact=person_id))


@require_GET
def company_deals(request: HttpRequest, company_id: int) -> HttpResponse:
    """The deals panel of a company, fetched again."""
    return render(request, "sales/panel_deals.html", panels.deals_panel(company=company_id))
