"""Sites: the snippet to paste, and whether anything arrives."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import escape
from django.utils.translation import gettext as _

from headwater.accounts.access import require_role
from headwater.accounts.models import Role
from headwater.core import actors

from .. import actions, queries
from ..forms import SiteForm, put_errors
from ..models import Site
from ..rules.forms import Invalid


@require_role(Role.MARKETER)
def listing(request: HttpRequest) -> HttpResponse:
    """All sites; POST makes one."""
    form = SiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.values()
        values.pop("active")
        try:
            site = actions.create_site(actor=actors.user(request.user.pk or 0), **values)
            return redirect("capture:site", site.pk)
        except Invalid as problem:
            put_errors(form, problem)
    context = {"sites": queries.sites(), "form": form, "rejected": queries.rejected(5)}
    return render(request, "capture/sites.html", context)


@require_role(Role.MARKETER)
def detail(request: HttpRequest, site_id: int) -> HttpResponse:
    """One site: snippet, arrival check, settings."""
    site = get_object_or_404(Site, pk=site_id)
    form = SiteForm(request.POST) if request.method == "POST" else SiteForm.of(site)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_site(site.pk, actor=actors.user(request.user.pk or 0), **form.values())
            messages.success(request, _("Saved"))
            return redirect("capture:site", site.pk)
        except Invalid as problem:
            put_errors(form, problem)
    origin = f"{request.scheme}://{request.get_host()}"
    snippet = f'<script async src="{origin}/t.js" data-site="{escape(site.public_key)}"></script>'
    context = {"site": site, "form": form, "snippet": snippet, "origin": origin}
    return render(request, "capture/site.html", context)


@require_role(Role.MARKETER)
def check(request: HttpRequest, site_id: int) -> HttpResponse:
    """The part of a site's page that says whether events arrive; the page asks again when visitors move."""
    site = get_object_or_404(Site, pk=site_id)
    return render(request, "capture/site_check.html", {"site": site})
