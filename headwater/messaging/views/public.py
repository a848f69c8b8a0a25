"""What people reach from a mail, without signing in: links, pixel, unsubscribing, view in browser."""

from __future__ import annotations

import base64

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from headwater.content.queries import workspace_context

from .. import actions
from ..queries import browsers, ledger
from ..queries.links import read_token
from ..rules.machines import why_machine
from ..rules.tokens import Token
from .frames import mail_frame

_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def _machine(request: HttpRequest) -> str:
    headers = request.headers
    purpose = headers.get("Sec-Purpose", "") or headers.get("Purpose", "")
    return why_machine(request.method or "", headers.get("User-Agent", ""), purpose)


def _gone(request: HttpRequest) -> HttpResponse:
    """A link that is not ours, or whose mail is gone: a friendly page, never a redirect."""
    return render(request, "messaging/gone.html", {"workspace": workspace_context()}, status=404)


@login_not_required
@never_cache
@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Count the click and go on to what the link's author wrote."""
    return follow(request, read_token("click", token))


def follow(request: HttpRequest, told: Token | None) -> HttpResponse:
    """The same of what a link of a mail, or of a text, says."""
    row = ledger.message(told.person_id, told.message_id) if told else None
    url = ledger.destination(row, told.link) if row and told else None
    if told is None or row is None or url is None:
        return _gone(request)
    machine = _machine(request)
    actions.record_touches(
        [actions.Touch(told.person_id, told.message_id, "click", link=told.link, url=url[:500], machine=machine)]
    )
    response = HttpResponseRedirect(url if machine else ledger.with_visit(url, told.person_id))
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


@login_not_required
@never_cache
@require_safe
def pixel(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of one point; the same one for tokens that are not ours."""
    told = read_token("open", token)
    if told is not None:
        actions.record_touches([actions.Touch(told.person_id, told.message_id, "open", machine=_machine(request))])
    return HttpResponse(_GIF, content_type="image/gif")


@login_not_required
@csrf_exempt  # mail programs post here without a page of ours (RFC 8058); the token is the proof
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST does: scanners follow links, so a GET never unsubscribes anybody."""
    told = read_token("unsubscribe", token)
    row = ledger.message(told.person_id, told.message_id) if told else None
    if told is None or row is None:
        return _gone(request)
    taking = len(browsers.taking([told.person_id]).get(told.person_id, ()))
    context = {"workspace": workspace_context(), "email": row.email, "state": "ask", "browsers": taking}
    if request.method == "POST":
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        proof = {"url": request.build_absolute_uri(request.path), "ip": request.META.get("REMOTE_ADDR", "")}
        if request.POST.get("push"):
            actions.stop_push(told.person_id, proof={"source": "page", **proof}, actor="visitor")
            return render(request, "messaging/unsubscribe.html", {**context, "state": "push", "browsers": 0})
        if request.POST.get("again"):
            actions.subscribe_again(told.person_id, told.message_id, actor="visitor", proof=proof)
            context["state"] = "again"
        else:
            how = "one-click" if one_click else "page"
            actions.unsubscribe(told.person_id, told.message_id, how=how, actor="visitor", proof=proof)
            context["state"] = "done"
        if one_click:
            return HttpResponse("You are unsubscribed.\n", content_type="text/plain")
    return render(request, "messaging/unsubscribe.html", context)


@login_not_required
@never_cache
@require_safe
def view(request: HttpRequest, token: str) -> HttpResponse:
    """The mail in the browser, as it was sent."""
    told = read_token("view", token)
    row = ledger.message(told.person_id, told.message_id) if told else None
    sent = ledger.as_sent(row, tracked=True) if row else None
    return mail_frame(sent[1]) if sent else _gone(request)
