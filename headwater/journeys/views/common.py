"""What several pages need: who asks, and the end of a dialog."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from headwater.core.actors import user


def actor_of(request: HttpRequest) -> str:
    return user(int(request.user.pk or 0))


def leave_dialog(request: HttpRequest, url: str) -> HttpResponse:
    """End a form that the shared dialog shows; without htmx, a plain redirect."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)
