"""Orders: the list, one of them, writing one down, and what happens to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headwater.core.fragments import is_partial
from headwater.core.money import format_money
from headwater.people import feed
from headwater.people.models import Company, Contact
from headwater.timeline import queries as timeline

from .. import actions, panels, queries
from ..forms import OrderFilterForm, ReasonForm, RefundForm
from ..models import Deal, Order, OrderStatus
from .board import actor, number


def found(order_id: int) -> Order:
    try:
        return queries.order(order_id)
    except Order.DoesNotExist as error:
        raise Http404("order") from error


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Orders, the newest first: status, source, days, amounts, text; those of one contact, company or deal."""
    form = OrderFilterForm(request.GET)
    form.is_valid()
    given = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
    asked = _asked(given)
    try:
        page = queries.orders(asked, after=request.GET.get("after", ""))
    except ValueError as error:
        raise Http404(str(error)) from error
    kept = {name: request.GET[name] for name in given}
    context: dict[str, Any] = {
        "rows": panels.order_rows(page.orders),
        "more": f"{request.path}?{urlencode({**kept, 'after': page.next})}" if page.next else "",
    }
    if request.GET.get("after") and is_partial(request):
        return render(request, "sales/orders.html#rows", context)
    language = get_language() or "en"

    def without(*names: str) -> str:
        return f"?{urlencode({k: v for k, v in kept.items() if k not in names})}"

    return render(
        request,
        "sales/orders.html",
        {
            **context,
            "form": form,
            "status": asked.status,
            "all_url": without("status"),
            "pills": [(v, label, f"?{urlencode({**kept, 'status': v})}") for v, label in OrderStatus.choices],
            "chosen": [(said, without(*names)) for said, names in _chosen(given)],
            "kept": {name: value for name, value in kept.items() if name != "q"},
            "narrowed": sum(name in given for name in ("source", "since", "until", "least", "most", "currency")),
            "sums": [(s.count, format_money(s.total, s.currency, language)) for s in queries.order_sums(asked)],
            "sources": queries.order_sources(),
            "any": bool(given),
        },
    )


def _asked(given: dict[str, Any]) -> queries.OrderFilter:
    zone = timezone.get_current_timezone()
    since, until = given.get("since"), given.get("until")
    return queries.OrderFilter(
        status=given.get("status", ""),
        source="" if given.get("source") == "-" else given.get("source"),
        since=datetime(since.year, since.month, since.day, tzinfo=zone) if since else None,
        until=datetime(until.year, until.month, until.day, tzinfo=zone) + timedelta(days=1) if until else None,
        least=given.get("least"),
        most=given.get("most"),
        currency=given.get("currency", ""),
        text=given.get("q", ""),
        person_id=given.get("contact"),
        company_id=given.get("company"),
        deal_id=given.get("deal"),
    )


def _chosen(given: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """What the list is narrowed to beside its status, in words, and which names of the address say so."""
    out: list[tuple[str, tuple[str, ...]]] = []
    for name, model in (("contact", Contact), ("company", Company), ("deal", Deal)):
        if name in given:
            found = model.objects.filter(pk=given[name]).first()
            out.append((str(found) if found else "—", (name,)))
    if "source" in given:
        out.append((_("By hand") if given["source"] == "-" else given["source"], ("source",)))
    since, until = given.get("since"), given.get("until")
    if since or until:
        out.append((_days_said(since, until), ("since", "until")))
    if "least" in given or "most" in given:
        out.append((_amounts_said(given.get("least"), given.get("most")), ("least", "most")))
    if "currency" in given:
        out.append((given["currency"], ("currency",)))
    return out


def _days_said(since: date | None, until: date | None) -> str:
    first, last = (date_format(day, "SHORT_DATE_FORMAT") if day else "" for day in (since, until))
    if first and last:
        return _("%(since)s to %(until)s") % {"since": first, "until": last}
    return _("since %(day)s") % {"day": first} if first else _("until %(day)s") % {"day": last}


def _amounts_said(least: Decimal | None, most: Decimal | None) -> str:
    low, high = (f"{value:,f}".removesuffix(".00") if value is not None else "" for value in (least, most))
    return f"{low} – {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"


@require_GET
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """An order: what was bought, the money, whose it is, what happened."""
    return _page(request, found(order_id))


def _page(request: HttpRequest, row: Order, *, cancelling: Any = None, refunding: Any = None) -> HttpResponse:
    context = {
        **panels.order_page(row),
        "days": _days(row),
        "cancel_form": cancelling or ReasonForm(),
        "refund_form": refunding or RefundForm(initial={"amount": f"{row.total - row.refunded:,f}"}),
    }
    status = 422 if cancelling or refunding else 200
    return render(request, "sales/order.html", context, status=status)


def _days(row: Order) -> list[Any]:
    """What happened to the order, as days of a timeline."""
    if row.contact_id is None:
        return []
    kinds = [kind for kind in timeline.kinds_of(["sales"]) if kind.startswith("order.")]
    found = timeline.read(row.contact_id, kinds=kinds, limit=200, quiet=True)
    mine = [e for e in found if e.data.get("order") == row.pk]
    return list(feed.days(mine, {row.contact_id: (str(row.contact), reverse("people:record", args=[row.contact_id]))}))


def stale() -> str:
    return _("Somebody else changed this order in the meantime. Here is how it is now.")


def _write(request: HttpRequest, order_id: int, write: Callable[[int | None], Any], done: str) -> HttpResponse:
    """Run an action on an order; what it refuses is said, then the page as it is now."""
    row = found(order_id)
    try:
        write(number(request.POST.get("version")))
    except actions.Stale:
        messages.error(request, stale())
    except ValueError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("sales:order", order_id=row.pk)


@require_POST
def paid(request: HttpRequest, order_id: int) -> HttpResponse:
    write = lambda version: actions.mark_paid(order_id, actor=actor(request), version=version)  # noqa: E731
    return _write(request, order_id, write, _("Marked as paid"))


@require_POST
def fulfil(request: HttpRequest, order_id: int) -> HttpResponse:
    write = lambda version: actions.fulfil(order_id, actor=actor(request), version=version)  # noqa: E731
    return _write(request, order_id, write, _("Marked as fulfilled"))


@require_POST
def cancel(request: HttpRequest, order_id: int) -> HttpResponse:
    """Cancel an order; the reason is asked for."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, found(order_id), cancelling=form)
    reason = form.cleaned_data["reason"]
    write = lambda version: actions.cancel(order_id, reason, actor=actor(request), version=version)  # noqa: E731
    return _write(request, order_id, write, _("Order cancelled"))


@require_POST
def refund(request: HttpRequest, order_id: int) -> HttpResponse:
    """Note what was paid back; the amount is asked for."""
    form = RefundForm(request.POST)
    if not form.is_valid():
        return _page(request, found(order_id), refunding=form)
    row, back = found(order_id), form.cleaned_data["amount"]
    try:
        actions.refund(row.pk, back, actor=actor(request), version=number(request.POST.get("version")))
    except actions.Stale:
        messages.error(request, stale())
    except ValueError as error:
        form.add_error("amount", str(error))
        return _page(request, row, refunding=form)
    else:
        messages.success(request, _("Refund noted"))
    return redirect("sales:order", order_id=row.pk)


@require_POST
def reopen(request: HttpRequest, order_id: int) -> HttpResponse:
    write = lambda version: actions.reopen(order_id, actor=actor(request), version=version)  # noqa: E731
    return _write(request, order_id, write, _("The order is pending again"))


@require_POST
def delete(request: HttpRequest, order_id: int) -> HttpResponse:
    """Remove an order that was written by mistake."""
    actions.delete_order(found(order_id).pk, actor=actor(request))
    messages.success(request, _("Order deleted"))
    return redirect("sales:orders")


@require_GET
def contact_orders(request: HttpRequest, person_id: int) -> HttpResponse:
    """The orders panel of a contact, fetched again."""
    return render(request, "sales/panel_orders.html", panels.orders_panel(contact=person_id))


@require_GET
def company_orders(request: HttpRequest, company_id: int) -> HttpResponse:
    """The orders panel of a company, fetched again."""
    return render(request, "sales/panel_orders.html", panels.orders_panel(company=company_id))
