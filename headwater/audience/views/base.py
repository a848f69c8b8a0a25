"""What the views of scoring share."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from headwater.core import actors


def actor(request: HttpRequest) -> str:
    return actors.user(request.user.pk or 0)


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
