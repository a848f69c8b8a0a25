"""What views need to answer htmx: is it a fragment that is asked for, and how to say that something changed."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a fragment (a boosted page is none)."""
    return request.headers.get("HX-Request-Type") == "partial"


def came_from(request: HttpRequest, otherwise: str) -> str:
    """The page of ours that the request came from (its field `next`, or its referrer), else `otherwise`."""
    target = request.POST.get("next") or request.headers.get("Referer", "")
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}) else otherwise


def changed(request: HttpRequest, *events: str, otherwise: str = "/") -> HttpResponse:
    """The answer to a small write: the page hears `events` and its parts fetch themselves again. Without htmx, back to
    where the request came from."""
    if is_partial(request):
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({name: {} for name in events})})
    return redirect(came_from(request, otherwise))
