"""The Today page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import naturalday
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import date as date_format
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from headwater.core import clock
from headwater.core.fragments import is_partial

from .. import queries
from ..registry import TodayItem


@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """Whom to call, and why."""
    now = clock.now()
    found = queries.today(request.user, now)  # type: ignore[arg-type]
    context = {
        "sections": [(section.source, [_line(item) for item in section.items]) for section in found],
        "day": now.astimezone(queries.zone_of(request.user)).date(),  # type: ignore[arg-type]
        "total": sum(len(section.items) for section in found),
        "words": _words(),
        "new_task": reverse("teamwork:new_task"),
    }
    return render(request, "teamwork/today.html#list" if is_partial(request) else "teamwork/today.html", context)


def _words() -> dict[str, str]:
    """What every line says, looked up once."""
    return {
        "done": _("Complete"),
        "later": _("Put off"),
        "left": _("left"),
        "overdue": _("overdue"),
        "create": _("Create task"),
    }


def _line(item: TodayItem) -> dict[str, Any]:
    """An item as rows/today.html draws it."""
    due = timezone.localtime(item.due) if item.due else None
    return {
        "item": item,
        "due": date_format(due, "c") if due else "",
        "when": _when(due, item.clock) if due else "",
        "buttons": [(str(label), url, n == 0) for n, (label, url) in enumerate(item.buttons)],
        "create": _("Create a task for %(name)s") % {"name": item.name} if item.person_id else "",
    }


def _when(due: datetime, clock: bool) -> str:
    """ "3 Nov 14:00" beside a running clock, else "tomorrow 14:00"."""
    if clock:
        return date_format(due, "j M H:i")
    return f"{naturalday(due, 'j M')} {date_format(due, 'H:i')}"
