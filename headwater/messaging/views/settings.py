"""Settings of mail: the server in use, the limit per person, the suppression list."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from headwater.accounts.access import require_role
from headwater.accounts.models import Role
from headwater.content.queries import workspace_context
from headwater.core import actors
from headwater.core.config import config

from .. import actions, delivery
from ..forms import PolicyForm, SuppressForm
from ..queries import gates


@require_role(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """The page; posting saves the limit."""
    form = _policy_form(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.set_policy(actor=actors.user(request.user.pk or 0), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("messaging:settings")
    return _page(request, form, SuppressForm())


@require_role(Role.ADMIN)
@require_POST
def suppress(request: HttpRequest) -> HttpResponse:
    """Add an address to the list, or take it off (`lift`)."""
    form = SuppressForm(request.POST)
    if not form.is_valid():
        return _page(request, _policy_form(), form)
    email = form.cleaned_data["email"]
    if request.POST.get("lift"):
        if actions.release(email, actor=actors.user(request.user.pk or 0)):
            messages.success(request, _("%(email)s may be written to again.") % {"email": email})
        else:
            messages.info(request, _("%(email)s is not on the list.") % {"email": email})
    else:
        actions.suppress(email, reason="manual", actor=actors.user(request.user.pk or 0))
        messages.success(request, _("%(email)s will get no mail any more.") % {"email": email})
    return redirect("messaging:settings")


def _policy_form(given: Any = None) -> PolicyForm:
    """The limit as it is, or as it was typed."""
    cap = gates.policy()
    return PolicyForm(given, initial={"cap_mails": cap.mails, "cap_days": cap.days} if cap else {})


def _page(request: HttpRequest, form: PolicyForm, suppress_form: SuppressForm) -> HttpResponse:
    url = delivery.server_url()
    parts = urlsplit(url)
    context = {
        "form": form,
        "suppress_form": suppress_form,
        "server": f"{parts.hostname}:{parts.port or ''}".rstrip(":") if url else "",
        "encrypted": parts.scheme in ("smtps", "smtp+starttls"),
        "demo": bool(url) and not config.smtp_url,
        "workspace": workspace_context(),
        "listed": gates.suppressed_count(),
    }
    return render(request, "messaging/settings.html", context)
