"""The Today page."""

from __future__ import annotations

from collections.abc import Sequence
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
        "sections": [(section.source, _lines(section.items)) for section in found],
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


def _lines(items: Sequence[TodayItem]) -> list[dict[str, Any]]:
    """Items as rows/today.html draws them."""
    create = _("Create a task for %(name)s")
    dues = {item.due: timezone.localtime(item.due) for item in items if item.due}
    days = {due.date(): naturalday(due, "j M") for due in dues.values()}
    dates = {due.date(): date_format(due, "MONTH_DAY_FORMAT") for due in dues.values()}
    lines = []
    for item in items:
        due = dues[item.due] if item.due else None
        # beside a running clock the date itself, else "tomorrow"
        day = (dates if item.clock else days)[due.date()] if due else ""
        lines.append(
            {
                "item": item,
                "due": due.isoformat() if due else "",
                "when": f"{day} {due:%H:%M}" if due else "",
                "buttons": [(str(label), url, n == 0) for n, (label, url) in enumerate(item.buttons)],
                "create": create % {"name": item.name} if item.person_id else "",
            }
        )
    return lines
