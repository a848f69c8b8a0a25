"""The bell and its list."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from headwater.core.fragments import changed, is_partial

from .. import actions, queries
from .common import number


@require_GET
def notifications(request: HttpRequest) -> HttpResponse:
    """The bell's list; a fragment for the menu, a page by its address."""
    before = number(request.GET.get("before"))
    rows = queries.notifications(int(request.user.pk), before=before)  # type: ignore[arg-type]
    context = {
        "rows": rows,
        "more": rows[-1].pk if len(rows) == 30 else None,
        "unread": any(not r.read_at for r in rows),
    }
    template = "teamwork/notifications.html#list" if is_partial(request) else "teamwork/notifications.html"
    return render(request, template, context)


@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """The bell with its count, fetched again when the user's topic says so."""
    return render(request, "teamwork/bell.html", {"unread": queries.unread(int(request.user.pk))})  # type: ignore[arg-type]


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark one notification (and go where it points) or all of them as read."""
    pk = number(request.POST.get("id"))
    actions.mark_read(int(request.user.pk), notification_id=pk)  # type: ignore[arg-type]
    return changed(request, "notifications-changed")
