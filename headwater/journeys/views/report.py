"""The report of a journey, with the people behind each number."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from headwater.core import charts
from headwater.core.ids import id_of

from ..models import Journey
from ..queries import report


def _number(request: HttpRequest) -> int | None:
    return id_of(request.GET.get("version", ""))


@require_GET
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Versions against each other, and the steps of all or of ?version=N."""
    journey = get_object_or_404(Journey.objects.select_related("version"), pk=pk)
    number = _number(request)
    if number is not None and not journey.versions.filter(number=number).exists():
        raise Http404
    found = report.report(journey, number)
    months = report.mails_by_month()
    line = next((v for v in found["versions"] if v.number == number), None)
    shown = [line] if line else found["versions"]
    sums = {name: sum(getattr(v, name) for v in shown) for name in ("entered", "inside", "finished", "goal", "left")}
    converted = sum(v.converted for v in shown)
    labels = [date_format(m.month, "MONTH_SHORT_FORMAT") for m in months]
    series = [(_("One-off"), [m.one_off for m in months]), (_("Nurture"), [m.nurture for m in months])]
    context: dict[str, Any] = {
        "journey": journey,
        "number": number,
        "sums": sums,
        "converted": converted,
        "rate": round(100 * converted / sums["entered"], 1) if sums["entered"] else None,
        "has_goal": any(v.has_goal for v in shown),
        "months": months,
        "chart": charts.bars(labels, series, title=_("One-off and nurture mail, month by month")),
        **found,
    }
    return render(request, "journeys/report.html", context)


@require_GET
def people(request: HttpRequest, pk: int) -> HttpResponse:
    """The people behind a number (?what=, ?step=, ?version=), in the shared dialog."""
    journey = get_object_or_404(Journey, pk=pk)
    try:
        found = report.behind(journey, request.GET.get("what", ""), request.GET.get("step", ""), _number(request))
    except KeyError as error:
        raise Http404 from error
    context = {
        "passages": found,
        "heading": _("The people behind it"),
        "note": _("The first %(n)s.") % {"n": report.NAMED} if len(found) >= report.NAMED else "",
    }
    return render(request, "journeys/behind.html", context)
