"""The dashboard."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET

from headwater.accounts.access import has_role
from headwater.accounts.models import Role, Workspace
from headwater.core import charts, clock
from headwater.core.ids import id_of
from headwater.core.money import format_short
from headwater.sales.queries.board import heads
from headwater.sales.queries.deals import pipeline as default_pipeline
from headwater.sales.queries.leads import handover_stats

from . import panels, queries
from .rules import CHOICES, Period, last_days, reached_value, source_value


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The whole page, or with `part` only what changes (live updates ask for that)."""
    days = _days(request)
    period = last_days(days, clock.now())
    template = "insights/dash.html" if request.GET.get("part") else "insights/home.html"
    context = {"days": days, "choices": CHOICES, **_context(period)}
    if not has_role(request.user, Role.MARKETER):
        context["first_steps"] = {}  # they lead to pages that her role does not open
    return render(request, template, context)


def _days(request: HttpRequest) -> int:
    given = id_of(request.GET.get("days", ""))
    return given if given in CHOICES else 30


def _context(period: Period) -> dict[str, Any]:
    language = get_language() or "en"
    steps = queries.funnel(period)
    deals = queries.pipeline(period)
    per_day = queries.daily(period, Workspace.objects.values_list("time_zone", flat=True).first() or "UTC")
    labels = [formats.date_format(day, "MONTH_DAY_FORMAT") for day in per_day.days]
    found = queries.sources(period)
    sources = [(panels.source_name(name), n) for name, n in found]
    origin = {name: f"{reverse('people:list')}?{urlencode({'from': source_value(name, period)})}" for name, _n in found}
    board = default_pipeline()
    return {
        "funnel": [(step, _people(step.name, period), _width(step.count, steps[0].count)) for step in steps],
        "deals": deals,
        "open": _sums(deals.open.sums, language),
        "won": _sums(deals.won.sums, language),
        "handover": handover_stats(period.since, period.until),
        "mails": queries.mails(period),
        "line": charts.line(
            [(gettext("New visitors"), per_day.visitors), (gettext("New leads"), per_day.leads)],
            labels,
            title=gettext("New visitors and leads"),
        ),
        "sources": [(name, n, origin[key]) for (name, n), (key, _n) in zip(sources, found, strict=True)],
        "times": urlencode({"since": period.since.isoformat(), "until": period.until.isoformat()}),
        "since": urlencode({"since": period.since.isoformat()}),
        "board": board,
        "first_steps": dict(queries.first_steps()),
        "donut": charts.donut(sources, title=gettext("Leads by source")) if sources else "",
        "stages": heads(board, language=language) if board else [],
    }


def _sums(sums: dict[str, Any], language: str) -> str:
    parts = sorted(sums.items(), key=lambda item: -item[1])
    return " + ".join(format_short(total, currency, language) for currency, total in parts) or "–"


def _width(count: int, top: int) -> int:
    """Percent of the first step, for the bar; never nothing where there is somebody."""
    return max(1, min(100, round(100 * count / top))) if count and top else (100 if count else 0)


def _people(step: str, period: Period) -> str:
    """Where the people behind a number are listed."""
    if step == "awareness":
        query = {"since": period.since.isoformat(), "until": period.until.isoformat()}
        return f"{reverse('insights:visitors')}?{urlencode(query)}"
    return f"{reverse('people:list')}?{urlencode({'reached': reached_value(step, period)})}"


@require_GET
def visitors(request: HttpRequest) -> HttpResponse:
    """The browsers behind the first number of the funnel, newest first."""
    try:
        since, until = (datetime.fromisoformat(request.GET[name]) for name in ("since", "until"))
        before = datetime.fromisoformat(request.GET["before"]) if request.GET.get("before") else None
        if since.tzinfo is None or until.tzinfo is None or (before and before.tzinfo is None):
            raise ValueError("times need a zone")
    except (KeyError, ValueError):
        return HttpResponseBadRequest(gettext("since and until are needed, as ISO times with a zone."))
    period = Period(since, until)
    limit = 50
    rows = queries.visitors(period, before=before, limit=limit)
    more = ""
    if len(rows) == limit:
        query = {"since": since.isoformat(), "until": until.isoformat(), "before": rows[-1].first_seen_at.isoformat()}
        more = f"{request.path}?{urlencode(query)}"
    template = "insights/visitor_rows.html" if before else "insights/visitors.html"
    count = None if before else queries.new_visitors(period)
    return render(request, template, {"rows": rows, "more": more, "period": period, "count": count})
