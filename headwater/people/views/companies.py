"""The list of companies, and one company with its people."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from .. import actions, feed, queries, registry, rules
from ..forms import COMPANY_PROPS, ROLE_LABELS, STAGE_HUES, CompanyForm, prop_view, prop_views
from ..models import Company
from .common import actor, icons, is_fragment, places, shown
from .record import _feed, feed_part


@require_safe
def companies(request: HttpRequest) -> HttpResponse:
    """A page of companies; as a fragment the rows that follow, or the list for a new search."""
    q = request.GET.get("q", "").strip()[:100]
    cursor, sort = request.GET.get("cursor", ""), request.GET.get("sort", "")
    given = {name: request.GET.get(name, "") for name, _filter in registry.company_filters.items()}
    chosen = {name: value for name, value in given.items() if value}
    try:
        found, following = queries.companies(q=q, after=cursor, sort=sort, filters=tuple(chosen.items()))
    except (ValueError, KeyError):
        return HttpResponseBadRequest(_("This link to a part of the list is broken."))
    counts = queries.people_counts([c.pk for c in found])
    url = reverse("people:companies")
    more = sorted(registry.company_columns, key=lambda column: column.order)
    cells = {column.name: column.values([c.pk for c in found]) for column in more}
    here = {name: value for name, value in {"q": q, **chosen}.items() if value}
    context = {
        "q": q,
        "sort": sort,
        "by_name": f"{url}?{urlencode(here)}",
        "heads": [(column, f"{url}?{urlencode(here | {'sort': column.sort})}", column.sort == sort) for column in more],
        "filters": [
            {"name": name, "label": one.label, "choices": one.choices() if one.choices else [], "value": given[name]}
            for name, one in registry.company_filters.items()
        ],
        "filtered": bool(q or chosen),
        "width": 6 + len(more),
        "rows": [
            {
                "c": c,
                "initials": rules.initials(c.name),
                "hue": queries.hue_of(c.pk),
                "people": counts.get(c.pk, 0),
                "roles": [ROLE_LABELS.get(r, r) for r in c.roles],
                "cells": [(column, cells[column.name].get(c.pk)) for column in more],
            }
            for c in found
        ],
        "next_url": f"{url}?{urlencode(here | {'sort': sort, 'cursor': following})}" if following else "",
    }
    if is_fragment(request):
        template = "people/companies_rows.html" if cursor else "people/companies_list.html"
        return render(request, template, context)
    return render(request, "people/companies.html", context)


@require_safe
def company(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Company.objects.select_related("owner"), pk=pk)
    people = queries.people_of(pk)
    tab = request.GET.get("tab", "")
    context = {
        "company": found,
        "icons": icons(),
        "initials": rules.initials(found.name),
        "hue": queries.hue_of(pk),
        "props": prop_views(found, {}, reverse("people:company", args=[pk])),
        "people": [
            {
                "p": p,
                "initials": rules.initials(p.name, p.email),
                "hue": queries.hue_of(p.pk),
                "stage_hue": STAGE_HUES.get(p.stage, ""),
                "seen": feed.ago(p.last_seen_at) if p.last_seen_at else "",
            }
            for p in people[:12]
        ],
        "people_count": queries.people_counts([pk]).get(pk, 0),
        "actions": shown(request, "company", "action", found),
        "lefts": shown(request, "company", "left", found),
        "composers": shown(request, "company", "composer", found) if not tab else [],
        "rails": shown(request, "company", "rail", found),
        "tabs": places("company", "tab"),
        "tab": tab,
        "tab_panels": shown(request, "company", "tab", found, only=tab) if tab else [],
    }
    if not tab:
        context |= _feed(
            request, people, reverse("people:company_timeline", args=[pk]), [p.pk for p in people], full_names=True
        )
    return render(request, "people/company.html", context)


@require_safe
def company_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Part of the timeline of all people of a company."""
    get_object_or_404(Company.objects.only("pk"), pk=pk)
    url = reverse("people:company_timeline", args=[pk])
    people = queries.people_of(pk)
    return feed_part(request, people, url, [p.pk for p in people], full_names=True)


@require_http_methods(["GET", "POST"])
def company_field(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """A property line of a company: shown, as an editor (`?edit=1`), or saved."""
    found = get_object_or_404(Company.objects.select_related("owner"), pk=pk)
    if name not in COMPANY_PROPS:
        raise Http404
    error, value, status = "", None, 200
    if request.method == "POST":
        value = request.POST.get("value", "")
        try:
            actions.update_company(pk, actor=actor(request), **{name: value})
            found = Company.objects.select_related("owner").get(pk=pk)
        except rules.Invalid as problem:
            error, status = _(next(iter(problem.errors.values()))), 422
    view = prop_view(
        found, name, {}, reverse("people:company", args=[pk]), editing=bool(error) or "edit" in request.GET
    )
    context = {"f": view, "error": error, "typed": value if error else view.value, "icons": icons()}
    return render(request, "people/field.html", context, status=status)


@require_http_methods(["GET", "POST"])
def company_create(request: HttpRequest) -> HttpResponse:
    """A new company, in a dialog or on a page of its own."""
    form = CompanyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if value}
        try:
            made = actions.create_company(actor=actor(request), **given)
        except rules.Invalid as problem:
            form.refuse(problem.errors)
        else:
            messages.success(request, _("%(name)s was created.") % {"name": made.name})
            url = reverse("people:company", args=[made.pk])
            return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_fragment(request) else redirect(url)
    template = "people/create_dialog.html" if is_fragment(request) else "people/create.html"
    context = {"form": form, "title": _("Create company"), "url": reverse("people:company_create")}
    return render(request, template, context, status=422 if form.errors else 200)
