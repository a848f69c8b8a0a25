"""The user's language and time zone for each request; notices for htmx fragments; the way back from the sign-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme

Handler = Callable[[HttpRequest], HttpResponse]


def preferences(get_response: Handler) -> Handler:
    """Activate what the signed-in user chose; LocaleMiddleware has already served visitors."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            if user.language:
                translation.activate(user.language)
                request.LANGUAGE_CODE = user.language
            try:
                timezone.activate(ZoneInfo(user.time_zone) if user.time_zone else timezone.get_default_timezone())
            except (ZoneInfoNotFoundError, ValueError):
                timezone.deactivate()
        else:
            timezone.deactivate()
        return get_response(request)

    return handle


def fragment_notices(get_response: Handler) -> Handler:
    """`messages.success(...)` in a view that answers a fragment: the page shell is not rendered, so the notices
    travel in the HX-Trigger header and toasts.js shows them."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        leaves = 300 <= response.status_code < 400 or "HX-Redirect" in response or "HX-Refresh" in response
        if request.headers.get("HX-Request-Type") != "partial" or leaves:
            return response
        notices = []
        for message in get_messages(request):
            tags = message.extra_tags or ""
            undo = {"undo": tags[5:]} if tags.startswith("undo:") else {}
            notices.append({"text": str(message), "kind": message.level_tag, **undo})
        if notices:
            events = _events(response.headers.get("HX-Trigger", ""))
            events["toast"] = {"items": [*notices, *([events["toast"]] if "toast" in events else [])]}
            response.headers["HX-Trigger"] = json.dumps(events)
        return response

    return handle


def way_back(get_response: Handler) -> Handler:
    """Whose session has ended comes back to the page she was on: a dialog, a part of a page or the address of a form
    is no place to arrive at after the sign-in."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        part = request.headers.get("HX-Request-Type") == "partial" or request.method not in ("GET", "HEAD")
        door = resolve_url(settings.LOGIN_URL)
        if part and response.status_code == 302 and response["Location"].startswith(f"{door}?{REDIRECT_FIELD_NAME}="):
            response["Location"] = f"{door}?{urlencode({REDIRECT_FIELD_NAME: _page_of(request)}, safe='/')}"
        return response

    return handle


def _page_of(request: HttpRequest) -> str:
    """The page of ours from which a request came, else the start page."""
    said = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(said, allowed_hosts={request.get_host()}):
        return "/"
    there = urlsplit(said)
    return f"{there.path or '/'}?{there.query}" if there.query else there.path or "/"


def _events(header: str) -> dict[str, object]:
    """What a view already put into HX-Trigger: JSON, or names separated by commas."""
    if header.startswith("{"):
        return dict(json.loads(header))
    return {name.strip(): {} for name in header.split(",") if name.strip()}
