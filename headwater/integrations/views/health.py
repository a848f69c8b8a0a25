"""The health page for administrators."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from headwater.core import clock

from ..queries import health as read


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    if getattr(request.user, "role", "") != "admin":
        raise PermissionDenied
    return render(request, "integrations/health.html", {"health": read(clock.now())})
