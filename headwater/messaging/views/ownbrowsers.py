"""A colleague's own browsers: they take tests of push messages."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from headwater.accounts.access import require_role
from headwater.accounts.models import Role
from headwater.content.queries import workspace_context
from headwater.content.rules import TemplateProblem
from headwater.core.ids import id_of

from .. import actions
from ..actions.testpush import forget_own, keep_own, send_test_push
from ..queries import browsers
from ..queries.preview import preview_push
from ..rules.pushing import Shown
from .pushtemplates import says_of


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker of our own pages: it shows tests."""
    with open(str(finders.find("capture/push-worker.js")), encoding="utf-8") as file:
        code = file.read()
    said = json.dumps({"name": workspace_context()["name"], "home": "", "site": ""}).replace("<", "\\u003c")
    response = HttpResponse(f"var HEADWATER = {said};\n{code}", content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """This browser takes tests from now on."""
    try:
        said: Any = json.loads(request.body[:8192])
        keys = said["keys"]
        parts = [str(said["endpoint"]), str(keys["p256dh"]), str(keys["auth"])]
    except (ValueError, KeyError, TypeError):
        return JsonResponse({"reason": "not a subscription"}, status=422)
    agent = request.headers.get("User-Agent", "")
    given = actions.checked(*parts, user_agent=agent, site_id=None, proof={})
    if given is None:
        return JsonResponse({"reason": "not a subscription"}, status=422)
    keep_own(request.user.pk or 0, given)
    messages.success(request, _("This browser takes tests now."))
    return JsonResponse({"state": "on"})


@require_POST
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """It does not any more."""
    forget_own(request.user.pk or 0, pk)
    return redirect("messaging:settings" if "next" in request.POST else "messaging:templates")


@require_role(Role.MARKETER)
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Send what the editor shows (or, from the settings, a line of ours) to one's own browsers."""
    own = browsers.own(request.user.pk or 0)
    try:
        shown = _shown(request)
        sent, problem = send_test_push(shown, own) if own else (0, _("None of your browsers takes tests."))
    except TemplateProblem as error:
        sent, problem = 0, str(error)
    if sent:
        n = ngettext("Test sent to %(n)s browser.", "Test sent to %(n)s browsers.", sent) % {"n": sent}
        messages.success(request, n)
    if problem:
        messages.error(request, _("The test was not sent: %(why)s") % {"why": problem})
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect(reverse("messaging:settings"))


def _shown(request: HttpRequest) -> Shown:
    if "title" not in request.POST:
        words = _("This is a test from %(name)s.") % {"name": workspace_context()["name"]}
        return Shown(words, "", str(workspace_context()["base_url"]))
    person = request.POST.get("person", "")
    found = preview_push(
        says_of(request.POST),
        purpose=request.POST.get("purpose", "marketing"),
        person_id=id_of(person),
    )
    return found.shown
