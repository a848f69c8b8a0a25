"""The canvas: the page that the island in `islands/` fills, and its numbers. What it changes goes over the API."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from headwater.accounts.access import has_role
from headwater.accounts.models import Role
from headwater.messaging import delivery
from headwater.messaging.texts import provider

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
        "records": _records(request),
        "holds": _holds(),
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
        "zone": timezone.get_current_timezone_name(),
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
        "export": reverse("journeys:export", args=[pk]),
        "delete": reverse("journeys:change", args=[pk, "delete"]),
    }


def _records(request: HttpRequest) -> dict[str, dict[str, str]]:
    """Where records that can be chosen stand (0 where the id goes), and where a new one is made: as far as the
    reader's role opens it."""
    writes = has_role(request.user, Role.MARKETER)
    made = {
        "templates": ("messaging:template", "messaging:template_new", _("New mail")),
        "texts": ("messaging:text", "messaging:text_new", _("New text")),
        "pushes": ("messaging:push", "messaging:push_new", _("New push message")),
        "forms": ("capture:form_edit", "capture:form_new", _("New form")),
        "segments": ("audience:segment", "audience:new", _("New segment")),
    }
    found = {
        source: {"open": reverse(page, args=[0]), "label": label}
        | ({"new": reverse(new)} if writes or source == "segments" else {})
        for source, (page, new, label) in made.items()
        if writes or source != "forms"  # a form is opened by those who change it alone
    }
    return found | {"journeys": {"open": reverse("journeys:detail", args=[0])}}


def _texts_go() -> bool:
    try:
        return provider() is not None
    except ValueError:  # its address is wrong; the outbox says so
        return False


def _holds() -> dict[str, str]:
    """Kind of step -> why what it sends would wait in the outbox."""
    mails = "" if delivery.server_url() else _("No mail server is set: mails wait in the outbox until there is one.")
    texts = "" if _texts_go() else _("No SMS provider is set: texts wait in the outbox until there is one.")
    return {kind: held for kind, held in (("send_email", mails), ("send_sms", texts), ("send_best", mails)) if held}
