"""A journey as a file: written, and read again here or in another installation."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ..actions import exchange
from ..models import Journey
from ..rules.duration import RuleError
from .common import actor_of, leave_dialog

#: Bytes of a file that is read
LARGEST = 5_000_000


@require_GET
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft with its mails, texts and segments, to keep."""
    try:
        said = exchange.export_journey(pk)
    except Journey.DoesNotExist:
        raise Http404 from None
    response = HttpResponse(json.dumps(said, ensure_ascii=False, indent=1), content_type="application/json")
    name = slugify(said["name"], allow_unicode=True)[:60] or "journey"
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.journey.json") or "attachment"
    return response


def bring(request: HttpRequest) -> HttpResponse:
    """GET: ask for the file. POST: make a draft of it; the same file again leads to the journey that is here."""
    if request.method != "POST":
        return render(request, "journeys/import.html")
    try:
        made, new = exchange.import_journey(_read(request), actor=actor_of(request))
    except RuleError as error:
        where = error.where if error.where != "file" else ""
        context = {"error": error.message, "where": where}
        return render(request, "journeys/import.html", context, status=422)
    said = _("%(name)s is ready. Look it over, then publish it.") if new else _("%(name)s is here already.")
    messages.success(request, said % {"name": made.name})
    return leave_dialog(request, reverse("journeys:detail", args=[made.pk]))


def _read(request: HttpRequest) -> Any:
    file = request.FILES.get("file")
    if file is None:
        raise RuleError(_("Choose a file."), "file")
    if (file.size or 0) > LARGEST:
        raise RuleError(_("This file is larger than 5 MB."), "file")
    try:
        return json.loads(file.read().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise RuleError(_("This file is not a journey: it holds no JSON."), "file") from None
