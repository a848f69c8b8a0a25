"""What the views of scoring share."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from headwater.core import actors, clock
from headwater.core.facts import look_of

from ..queries import Explanation


def actor(request: HttpRequest) -> str:
    return actors.user(request.user.pk or 0)


def explained(found: Explanation) -> dict[str, Any]:
    """An explanation with its lines as `lines.html` shows them."""
    now = clock.now()
    lines = [
        {"line": line, "look": look_of(line.kind), "days": (now - line.at).days, "faded": line.worth != line.points}
        for line in found.lines
    ]
    return {"found": found, "lines": lines, "aging": {"decay": found.decay, "decay_days": found.decay_days}}


def dialog(
    request: HttpRequest, form: Any, context: dict[str, Any], template: str = "audience/dialog.html"
) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, template, {"form": form, **context}, status=status)


def done(request: HttpRequest, text: str, url: str = "") -> HttpResponse:
    """Close the dialog, go on, and say so."""
    messages.success(request, text)
    return HttpResponse(status=204, headers={"HX-Redirect": url or reverse("audience:scoring")})


def refused(request: HttpRequest, text: str, url: str = "") -> HttpResponse:
    messages.error(request, text)
    return HttpResponse(status=204, headers={"HX-Redirect": url or reverse("audience:scoring")})
