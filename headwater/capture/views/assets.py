"""Assets: files that forms hand out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from headwater.accounts.access import require_role
from headwater.accounts.models import Role
from headwater.core import actors

from .. import actions, queries
from ..forms import AssetForm, put_errors
from ..models import Asset
from ..rules.forms import Invalid


@require_role(Role.MARKETER)
def listing(request: HttpRequest) -> HttpResponse:
    """All assets; POST uploads one."""
    form = AssetForm(request.POST, request.FILES) if request.method == "POST" else AssetForm()
    del form.fields["active"]
    if request.method == "POST" and form.is_valid():
        try:
            actions.create_asset(actor=actors.user(request.user.pk or 0), **form.cleaned_data)
            messages.success(request, _("Uploaded"))
            return redirect("capture:assets")
        except Invalid as problem:
            put_errors(form, problem)
    context = {"assets": queries.assets(), "form": form}
    return render(request, "capture/assets.html", context)


@require_role(Role.MARKETER)
def edit(request: HttpRequest, asset_id: int) -> HttpResponse:
    """Name, links and whether it can be downloaded."""
    asset = get_object_or_404(Asset, pk=asset_id)
    names = ("name", "link_days", "link_downloads", "active")
    form = AssetForm(request.POST or None, initial={n: getattr(asset, n) for n in names})
    del form.fields["file"]
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_asset(asset.pk, actor=actors.user(request.user.pk or 0), **form.cleaned_data)
            messages.success(request, _("Saved"))
            return redirect("capture:assets")
        except Invalid as problem:
            put_errors(form, problem)
    return render(request, "capture/asset.html", {"asset": asset, "form": form})
