"""Settings of mail and texts: the server and the provider in use, the limits per person, the suppression list."""

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

from .. import actions, delivery, texts
from ..actions.testtext import send_test_text
from ..channels.sms import Provider
from ..forms import PolicyForm, PushPolicyForm, SuppressForm, TestTextForm, TextPolicyForm
from ..queries import browsers, gates
from ..queries.links import inbound_url


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


@require_role(Role.ADMIN)
@require_POST
def limit_texts(request: HttpRequest) -> HttpResponse:
    """Save the limit of texts."""
    form = _text_policy_form(request.POST)
    if not form.is_valid():
        return _page(request, _policy_form(), SuppressForm(), form)
    actions.set_policy(actor=actors.user(request.user.pk or 0), channel="sms", **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("messaging:settings")


@require_role(Role.ADMIN)
@require_POST
def limit_pushes(request: HttpRequest) -> HttpResponse:
    """Save the limit of push messages."""
    form = _push_policy_form(request.POST)
    if not form.is_valid():
        return _page(request, _policy_form(), SuppressForm(), push_form=form)
    actions.set_policy(actor=actors.user(request.user.pk or 0), channel="push", **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("messaging:settings")


@require_role(Role.ADMIN)
@require_POST
def test_text(request: HttpRequest) -> HttpResponse:
    """Send a text to a number, to see whether the provider takes it."""
    form = TestTextForm(request.POST)
    found, problem = _provider()
    if not form.is_valid():
        problem = str(next(iter(form.errors.values()))[0])
    elif found is not None:
        words = _("This is a test from %(name)s.") % {"name": workspace_context()["name"]}
        problem = send_test_text(words, to=form.cleaned_data["number"], sender="", provider=found)
    if problem:
        messages.error(request, _("The test was not sent: %(why)s") % {"why": problem})
    else:
        messages.success(request, _("Test sent to %(address)s.") % {"address": form.cleaned_data["number"]})
    return redirect("messaging:settings")


def _provider() -> tuple[Provider | None, str]:
    """(who sends texts, what is wrong)"""
    try:
        found = texts.provider()
    except ValueError as error:
        return None, str(error)
    return found, "" if found else _("No provider of texts is set.")


def _text_policy_form(given: Any = None) -> TextPolicyForm:
    cap = gates.policy("sms")
    return TextPolicyForm(given, initial={"cap_mails": cap.mails, "cap_days": cap.days} if cap else {})


def _push_policy_form(given: Any = None) -> PushPolicyForm:
    cap = gates.policy("push")
    return PushPolicyForm(given, initial={"cap_mails": cap.mails, "cap_days": cap.days} if cap else {})


def _policy_form(given: Any = None) -> PolicyForm:
    """The limit as it is, or as it was typed."""
    cap = gates.policy()
    return PolicyForm(given, initial={"cap_mails": cap.mails, "cap_days": cap.days} if cap else {})


def _page(
    request: HttpRequest,
    form: PolicyForm,
    suppress_form: SuppressForm,
    text_form: TextPolicyForm | None = None,
    push_form: PushPolicyForm | None = None,
) -> HttpResponse:
    url = delivery.server_url()
    found, wrong = _provider()
    parts = urlsplit(url)
    context = {
        "form": form,
        "suppress_form": suppress_form,
        "server": f"{parts.hostname}:{parts.port or ''}".rstrip(":") if url else "",
        "encrypted": parts.scheme in ("smtps", "smtp+starttls"),
        "demo": bool(url) and not config.smtp_url,
        "workspace": workspace_context(),
        "text_form": text_form or _text_policy_form(),
        "test_form": TestTextForm(),
        "provider": found,
        "provider_wrong": wrong if config.sms_url else "",
        "provider_demo": found is not None and not config.sms_url,
        "inbound": inbound_url(str(workspace_context()["base_url"])) if found and config.sms_url else "",
        "push_form": push_form or _push_policy_form(),
        "push_key": browsers.application_key(),
        "own": browsers.own(request.user.pk or 0),
        "settings_page": True,
        "listed": gates.suppressed_count(),
    }
    return render(request, "messaging/settings.html", context)
