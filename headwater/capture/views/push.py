"""Push messages on a web site: the script, the service worker, what browsers tell; and the site's settings of them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.accounts.access import require_role
from headwater.accounts.models import Role
from headwater.content.queries import workspace_context
from headwater.core import actors
from headwater.messaging import actions as messaging
from headwater.messaging import queries as messages_of
from headwater.messaging.actions import Subscription

from .. import actions, queries
from ..forms import PushForm, put_errors
from ..models import Site
from ..rules import TOKEN, shorten_address, visitor_id
from ..rules.forms import Invalid
from ..rules.push import FILE, origin_allowed, prompt

_LONGEST = 8192


def _source(name: str) -> str:
    with open(str(finders.find(f"capture/{name}")), encoding="utf-8") as file:
        return file.read()


def _home(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def _javascript(text: str, seconds: int = 300) -> HttpResponse:
    response = HttpResponse(text, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={seconds}"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _said(request: HttpRequest, site: Site) -> str:
    """The site's settings as the scripts take them."""
    workspace = workspace_context()
    found = {
        **prompt(site.push_prompt),
        "host": _home(request),
        "site": site.public_key,
        "key": messages_of.application_key(),
        "name": workspace["name"],
        "home": workspace.get("website") or "",
    }
    return json.dumps(found, ensure_ascii=False).replace("<", "\\u003c")


@login_not_required
@require_GET
def script(request: HttpRequest, key: str) -> HttpResponse:
    """/push/KEY.js: asks, and subscribes. Where the site has push messages switched off it does nothing."""
    site = Site.objects.filter(public_key=key, active=True, push=True).first()
    if site is None:
        return _javascript("/* Push messages are switched off for this site. */\n", 60)
    return _javascript(_source("push.js").replace("HEADWATER);", f"{_said(request, site)});"))


@login_not_required
@require_GET
def worker(request: HttpRequest, key: str) -> HttpResponse:
    """/push/KEY/worker.js: what the file on the site loads. It stays where push messages are switched off: what is on
    its way is shown."""
    site = get_object_or_404(Site, public_key=key)
    response = _javascript(f"var HEADWATER = {_said(request, site)};\n{_source('push-worker.js')}")
    response["Service-Worker-Allowed"] = "/"
    return response


@login_not_required
@require_GET
def file(request: HttpRequest, key: str) -> HttpResponse:
    """/push/KEY/headwater-push.js: the file that the owner puts on her site."""
    site = get_object_or_404(Site, public_key=key)
    response = _javascript(file_for(_home(request), site))
    response["Content-Disposition"] = f'attachment; filename="{FILE}"'
    return response


def file_for(home: str, site: Site) -> str:
    """What stands in that file."""
    line = f"importScripts('{home}/push/{site.public_key}/worker.js');"
    return f"// Push messages of Headwater. Keep this file on your site.\n{line}\n"


@csrf_exempt  # pages of the site call, without a session; the origin is checked
@login_not_required
@never_cache
@require_http_methods(["POST", "OPTIONS"])
def told(request: HttpRequest, key: str, what: str) -> HttpResponse:
    """What a browser tells: it subscribes, unsubscribes, or its address has changed. `{"state": "on" | "ended"}`."""
    site = Site.objects.filter(public_key=key, active=True).first()
    origin = request.headers.get("Origin", "")
    if site is None or not _lets(site, origin, request):
        return JsonResponse(
            {"error": "origin", "reason": "pages of this origin may not send for this site"}, status=403
        )
    said = _body(request)
    answer = {"subscribe": _subscribe, "unsubscribe": _unsubscribe, "replace": _replace}[what](request, site, said)
    if origin:
        answer["Access-Control-Allow-Origin"] = origin
        answer["Vary"] = "Origin"
    return answer


def _lets(site: Site, origin: str, request: HttpRequest) -> bool:
    own = origin != "null" and urlsplit(origin).netloc == request.get_host()
    return not origin or own or origin_allowed(origin, site.allowed_origins)


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        said = json.loads(request.body[:_LONGEST])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _given(request: HttpRequest, site: Site, said: dict[str, Any], proof: dict[str, Any]) -> Subscription | None:
    """The subscription that a browser tells of; None where it cannot be one."""
    found = said.get("subscription")
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(keys, dict):
        return None
    parts = [str(found.get("endpoint", "")), str(keys.get("p256dh", ""))[:200], str(keys.get("auth", ""))[:100]]
    return messaging.checked(*parts, user_agent=request.headers.get("User-Agent", ""), site_id=site.pk, proof=proof)


def _wrong(words: str) -> JsonResponse:
    return JsonResponse({"error": "invalid", "reason": words}, status=422)


def _subscribe(request: HttpRequest, site: Site, said: dict[str, Any]) -> JsonResponse:
    visitor, asked = str(said.get("visitor", "")), said.get("asked") is True
    proof = {
        "source": f"site:{site.pk}",
        "url": str(said.get("url", ""))[:2000],
        "text": str(said.get("text", ""))[:500],
        "ip": shorten_address(request.META.get("REMOTE_ADDR", "")),
    }
    given = _given(request, site, said, proof)
    if given is None:
        return _wrong("this is not what a browser's subscription looks like")
    if not TOKEN.match(visitor):
        return _wrong("visitor: the tracking script's token")
    if asked and not site.push:
        return JsonResponse({"error": "off", "reason": "push messages are switched off for this site"}, status=403)
    return JsonResponse({"state": messaging.subscribe(visitor_id(visitor), given, asked=asked)})


def _unsubscribe(request: HttpRequest, site: Site, said: dict[str, Any]) -> JsonResponse:
    proof = {"source": f"site:{site.pk}", "url": str(said.get("url", ""))[:2000], "text": "unsubscribed"}
    messaging.unsubscribe_browser(str(said.get("endpoint", ""))[:2000], proof=proof)
    return JsonResponse({"state": "ended"})


def _replace(request: HttpRequest, site: Site, said: dict[str, Any]) -> JsonResponse:
    given = _given(request, site, said, {})
    if given is None:
        return _wrong("this is not what a browser's subscription looks like")
    known = messaging.replace_browser(str(said.get("before", ""))[:2000], given)
    return JsonResponse({"state": "on" if known else "ended"})


@require_role(Role.MARKETER)
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, site_id: int) -> HttpResponse:
    """A site's push messages: switched on, what is asked and when, the file, how many browsers agreed."""
    site = get_object_or_404(Site, pk=site_id)
    form = PushForm(request.POST) if request.method == "POST" else PushForm.of(site)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_site(site.pk, actor=actors.user(request.user.pk or 0), **form.values())
            messages.success(request, _("Saved"))
            return redirect("capture:site_push", site.pk)
        except Invalid as problem:
            put_errors(form, problem)
    home = _home(request)
    worker_path = prompt(site.push_prompt)["worker"]
    origin = next((o for o in site.allowed_origins if "*" not in o), "") or _website()
    context = {
        "site": site,
        "form": form,
        "snippet": f'<script async src="{home}/push/{site.public_key}.js"></script>',
        "button": "<button data-headwater-push>…</button>",
        "file": file_for(home, site),
        "worker": worker_path,
        "address": f"{origin}{worker_path}",
        "known": messages_of.push_counts(site.pk),
    }
    return render(request, "capture/site_push.html", context)


def _website() -> str:
    parts = urlsplit(str(workspace_context().get("website") or ""))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


@require_role(Role.MARKETER)
@require_POST
def check(request: HttpRequest, site_id: int) -> HttpResponse:
    """Is the file there? ?address="""
    site = get_object_or_404(Site, pk=site_id)
    address = request.POST.get("address", "").strip()[:500]
    problem = queries.worker_problem(site, address, _home(request))
    return render(request, "capture/site_push_check.html", {"problem": problem, "address": address})


@login_not_required
@require_GET
def own_file(request: HttpRequest) -> HttpResponse:
    """The file on the demo's own site, which this installation serves itself."""
    site = Site.objects.filter(active=True).order_by("pk").first()
    if site is None or not workspace_context()["is_demo"]:
        raise Http404
    return _javascript(file_for(_home(request), site), 60)
