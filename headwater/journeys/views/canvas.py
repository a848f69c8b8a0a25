"""The canvas: the page that the island in `islands/` fills, and its numbers. What it changes goes over the API."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ..models import Journey, Status
from ..queries import canvas, draft
from ..queries.palette import palette
from .words import words


def _find(pk: int) -> Journey:
    return get_object_or_404(Journey.objects.select_related("version"), pk=pk)


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One journey, to read and to change; ?step=ID opens a step."""
    journey = _find(pk)
    return render(request, "journeys/canvas.html", {"journey": journey, "boot": _boot(request, journey)})


@require_GET
def numbers(request: HttpRequest, pk: int) -> HttpResponse:
    """The numbers alone, fetched again when something happened."""
    return JsonResponse(canvas.numbers(_find(pk)))


def _boot(request: HttpRequest, journey: Journey) -> dict[str, Any]:
    return {
        "draft": draft.draft(journey),
        "live": journey.version.graph if journey.version else None,
        "numbers": canvas.numbers(journey),
        "palette": palette(),
        "choices": canvas.first_choices(journey.draft),
        "statuses": {str(value): str(label) for value, label in Status.choices},
        "urls": _urls(journey.pk),
        "pages": [
            {"url": reverse(f"journeys:{name}", args=[journey.pk]), "label": label, "icon": icon}
            for name, label, icon in (
                ("report", _("Report"), "chart-column"),
                ("test", _("Test with a person"), "flask-conical"),
                ("simulation", _("Simulation"), "history"),
            )
        ],
        "icons": static("web/icons.svg"),
        "conditions": _conditions(),
        "texts": words(),
        "language": get_language() or "en",
        "readonly": False,
        "opened": request.GET.get("step", ""),
    }


def _conditions() -> dict[str, list[str]]:
    """What <hw-conditions> needs. The island loads it in this order when the first condition is opened: scripts that
    a boosted visit brings run in any order."""
    html = render_to_string("audience/conditions.html")
    scripts = re.findall(r'data-conditions="([^"]+)"', html)
    return {"styles": re.findall(r'href="([^"]+)"', html), "scripts": scripts[0].split() if scripts else []}


def _urls(pk: int) -> dict[str, str]:
    """Addresses the island needs. A source's own pages have 0 where the id goes."""
    api = f"/api/v1/journeys/{pk}/"
    return {
        "api": api,
        "draft": f"{api}draft",
        "create": "/api/v1/journeys",
        "choices": "/api/v1/journeys/choices/",
        "page": reverse("journeys:detail", args=[pk]),
        "list": reverse("journeys:list"),
        "numbers": reverse("journeys:numbers", args=[pk]),
        "people": reverse("journeys:people", args=[pk]),
        "add": reverse("journeys:add", args=[pk]),
        "why": reverse("journeys:why", args=[pk]),
        "duplicate": reverse("journeys:new"),
        "delete": reverse("journeys:change", args=[pk, "delete"]),
        "templates": reverse("messaging:template", args=[0]),
        "journeys": reverse("journeys:detail", args=[0]),
    }
