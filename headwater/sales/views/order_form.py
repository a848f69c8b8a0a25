"""Writing an order down, and changing it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from headwater.accounts import queries as accounts
from headwater.core import clock
from headwater.people.models import Company, Contact

from .. import actions, queries
from ..forms import OrderForm
from ..models import Deal, Order
from .board import actor, number
from .orders import found, stale


@require_http_methods(["GET", "POST"])
def new_order(request: HttpRequest) -> HttpResponse:
    """An order that came by telephone, by mail or on paper."""
    if request.method == "GET":
        return _form(request, OrderForm(initial=_initial(request)), None)
    form = OrderForm(request.POST)
    if form.is_valid() and not form.lines:
        form.add_error(None, _("Write down at least one product with its price."))
    if not form.is_valid():
        return _form(request, form, None)
    v = form.cleaned_data
    company = v["company"] or None
    said = actions.NewOrder(
        source=v["source"], number=v["number"] or None, person_id=v["contact"], company_id=company, deal_id=v["deal"],
        status="paid" if v["paid"] else None, currency=v["currency"], lines=form.lines, discount=v["discount"],
        tax=v["tax"], shipping=v["shipping"], coupon=v["coupon"], note=v["note"], placed_at=v["placed_at"],
    )  # fmt: skip
    (done,) = actions.place_orders([said], actor=actor(request))
    if done.order_id is None:
        form.add_error(None, done.problem)
        return _form(request, form, None)
    messages.success(request, _("Order written down"))
    return redirect("sales:order", order_id=done.order_id)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, order_id: int) -> HttpResponse:
    """Everything about an order that somebody may have mistaken."""
    row = found(order_id)
    if request.method == "GET":
        return _form(request, OrderForm(initial=OrderForm.of(row), lines=list(row.lines.all())), row)
    form = OrderForm(request.POST)
    if not form.is_valid():
        return _form(request, form, row)
    v = form.cleaned_data
    changes: dict[str, Any] = {name: v[name] for name in ("currency", "coupon", "note")}
    money = {name: v[name] or Decimal(0) for name in ("discount", "tax", "shipping")}
    changes |= {name: value for name, value in money.items() if value != getattr(row, name)}  # else a total stays
    changes |= {"contact_id": v["contact"], "company_id": v["company"], "deal_id": v["deal"]}
    changes |= {"number": v["number"] or row.number}
    if row.key is None:
        changes["source"] = v["source"]
    if v["placed_at"] is not None and v["placed_at"] != row.placed_at.replace(second=0, microsecond=0):
        changes["placed_at"] = v["placed_at"]
    try:
        version = number(request.POST.get("version"))
        actions.update_order(row.pk, actor=actor(request), version=version, lines=form.lines, **changes)
    except actions.Stale:
        messages.error(request, stale())
        return redirect("sales:order", order_id=row.pk)
    except ValueError as error:
        form.add_error(None, str(error))
        return _form(request, form, row)
    messages.success(request, _("Saved"))
    return redirect("sales:order", order_id=row.pk)


def _form(request: HttpRequest, form: OrderForm, row: Order | None) -> HttpResponse:
    named = {name: number(form[name].value()) for name in ("contact", "company", "deal")}
    context = {
        "form": form,
        "order": row,
        "lines": form.typed(),
        "contact": Contact.objects.filter(pk=named["contact"]).first() if named["contact"] else None,
        "company": Company.objects.filter(pk=named["company"]).first() if named["company"] else None,
        "deal": Deal.objects.filter(pk=named["deal"]).first() if named["deal"] else None,
        "sources": [source for source in queries.order_sources() if source],
    }
    return render(request, "sales/order_form.html", context, status=422 if form.is_bound else 200)


def _initial(request: HttpRequest) -> dict[str, Any]:
    deal = Deal.objects.filter(pk=number(request.GET.get("deal")) or 0).first()
    contact = Contact.objects.filter(pk=number(request.GET.get("contact")) or (deal and deal.contact_id) or 0).first()
    company = number(request.GET.get("company")) or (deal and deal.company_id) or (contact and contact.company_id)
    return {
        "contact": contact.pk if contact else None,
        "company": company,
        "deal": deal.pk if deal else None,
        "currency": deal.currency if deal else accounts.workspace().currency,
        "placed_at": timezone.localtime(clock.now()),
    }
