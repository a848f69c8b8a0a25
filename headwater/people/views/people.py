"""The list of people."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from headwater.accounts.queries import colleagues
from headwater.core.ids import id_of

from .. import feed, queries, registry
from ..forms import STAGE_HUES
from ..models import Stage
from .common import is_fragment, listing_of, query_of

STAGE_LABELS = dict(Stage.choices)


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """A page of people; as a fragment the rows that follow `cursor`, or the list for a new search."""
    listing = listing_of(request.GET.dict())
    cursor = request.GET.get("cursor", "")
    try:
        page = queries.page(listing, cursor)
    except ValueError:
        return HttpResponseBadRequest(_("This link to a part of the list is broken."))
    context = _rows(listing, page)
    if is_fragment(request) and cursor:
        return render(request, "people/people_rows.html", context)
    context |= _frame(listing, page)
    if is_fragment(request):
        return render(request, "people/people_list.html", context)
    context |= {
        "owners": colleagues(),
        "stages": [(v, label, STAGE_HUES.get(v, "")) for v, label in Stage.choices if v != Stage.VISITOR],
        "job": id_of(request.GET.get("job", "")) or 0,
    }
    return render(request, "people/people.html", context)


def _rows(listing: queries.Listing, page: queries.Page) -> dict[str, Any]:
    ids = [row.id for row in page.rows]
    columns = sorted(registry.columns, key=lambda c: c.order)
    values = {c.name: c.values(ids) for c in columns} if ids else {}
    hues = queries.tag_hues(sorted({tag for row in page.rows for tag in row.tags}))
    query = query_of(listing)
    choose = _("Select %(name)s")
    rows = [
        {
            "p": row,
            "choose": choose % {"name": row.title},
            "stage": STAGE_LABELS.get(row.stage, row.stage),
            "stage_hue": STAGE_HUES.get(row.stage, ""),
            "tags": [(tag, hues.get(tag, 235)) for tag in row.tags[:3]],
            "more_tags": len(row.tags) - 3 if len(row.tags) > 3 else 0,
            "seen": feed.ago(row.last_seen_at) if row.last_seen_at else "",
            "cells": [(c, values.get(c.name, {}).get(row.id)) for c in columns],
        }
        for row in page.rows
    ]
    return {
        "rows": rows,
        "columns": columns,
        "width": 8 + len(columns),
        "query": query,
        "inside": urlencode({"in": query}),
        "next_url": f"{reverse('people:list')}?{query_of(listing, cursor=page.next)}" if page.next else "",
    }


def _frame(listing: queries.Listing, page: queries.Page) -> dict[str, Any]:
    total = page.matches if page.matches >= 0 else queries.count(listing)
    chips = []
    for name, value in listing.filters:
        known = registry.filters[name]
        try:
            known.condition(value)
        except ValueError:
            continue
        chips.append({"filter": known, "words": known.words(value), "off": query_of(listing, **{name: None})})
    used = {name for name, _value in listing.filters}
    return {
        "listing": listing,
        "total": f"{queries.COUNT_CAP:,}+" if total > queries.COUNT_CAP else f"{total:,}",
        "matches": total,
        "chips": chips,
        "filters": sorted((f for f in registry.filters if f.name not in used and _offered(f)), key=lambda f: f.order),
        "sorts": {s.name: _heading(listing, s) for s in registry.sorts},
        "ordered_sorts": [_heading(listing, s) for s in sorted(registry.sorts, key=lambda s: s.order)],
        "narrowed": bool(listing.q or listing.filters),
        "bulks": [b for b in sorted(registry.bulks, key=lambda b: b.order) if b.offered],
    }


def _offered(known: registry.Filter) -> bool:
    return known.name != "company"  # it is set by links from a company's page


def _heading(listing: queries.Listing, sort: registry.Sort) -> dict[str, Any]:
    """What a click on a column's heading does, and the arrow beside it."""
    current = listing.order.name == sort.name
    falls = not listing.falls if current else sort.descending
    return {
        "label": sort.label,
        "current": current,
        "falls": listing.falls,
        "query": query_of(listing, sort=sort.name, way="desc" if falls else "asc"),
    }


@require_safe
def choose_filter(request: HttpRequest, name: str) -> HttpResponse:
    """The dialog in which a filter gets its value."""
    known = registry.filters.get(name)
    if known is None:
        raise Http404
    listing = listing_of(request.GET.dict())
    kept = [(k, v) for k, v in request.GET.items() if k not in (name, "cursor")]
    choices = list(known.choices()) if known.choices else None
    context = {"filter": known, "kept": kept, "choices": choices, "value": dict(listing.filters).get(name, "")}
    return render(request, "people/filter.html", context)
