"""What the views share."""

from __future__ import annotations

from typing import Any

from django import forms as django_forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from headwater.core import actors


def actor(request: HttpRequest) -> str:
    return actors.user(int(request.user.pk))  # type: ignore[arg-type]


def refused(request: HttpRequest, form: django_forms.Form) -> HttpResponse:
    """The first problem of a form of the composer, as text to show beside it."""
    problem = next(iter(form.errors.values()))[0]
    return render(request, "teamwork/problem.html", {"problem": problem}, status=422)


def number(text: Any) -> int | None:
    """A whole number out of an address or a form; None for anything else."""
    try:
        return int(text)
    except (TypeError, ValueError):
        return None
