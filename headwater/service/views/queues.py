"""Settings of queues: administrators."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.accounts import queries as accounts
from headwater.accounts.access import require_role

from .. import actions, panels, queries
from ..actions import Refused
from ..forms import QueueForm
from ..models import TicketQueue
from .common import actor


@require_GET
@require_role()
def queues(request: HttpRequest) -> HttpResponse:
    """All queues with how many tickets wait in each."""
    actions.ensure_queue()
    sizes = queries.statuses()
    rows = [(q, sizes.get(q.pk, 0), panels.hours_words(q)) for q in queries.queues(archived=True)]
    return render(request, "service/queues.html", {"rows": rows})


def _form(request: HttpRequest, found: TicketQueue | None) -> HttpResponse:
    form = QueueForm(request.POST or None, queue=found)
    if request.method == "POST" and form.is_valid():
        try:
            _keep(form, found, actor(request))
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("Saved") if found else _("Queue created"))
            return redirect("service:queues")
    context: dict[str, Any] = {
        "form": form,
        "queue": found,
        "zone": accounts.workspace().time_zone,
        "only": found is not None and [q.pk for q in queries.queues()] == [found.pk],
    }
    return render(request, "service/queue.html", context)


def _keep(form: QueueForm, found: TicketQueue | None, who: str) -> None:
    name, close_after = form.cleaned_data["name"], form.cleaned_data["close_after"] or 0
    if found is None:
        actions.create_queue(name=name, targets=form.targets, hours=form.hours, close_after=close_after, actor=who)
        return
    changes: dict[str, Any] = {"targets": form.targets, "hours": form.hours, "close_after": close_after}
    if name != found.label:  # the name that we gave stays as it is kept while nobody writes another one
        changes["name"] = name
    actions.update_queue(found.pk, actor=who, **changes)


@require_http_methods(["GET", "POST"])
@require_role()
def new_queue(request: HttpRequest) -> HttpResponse:
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@require_role()
def queue(request: HttpRequest, queue_id: int) -> HttpResponse:
    """Name, targets and hours of a queue."""
    return _form(request, _queue(queue_id))


@require_POST
@require_role()
def archive(request: HttpRequest, queue_id: int) -> HttpResponse:
    found = _queue(queue_id)
    try:
        if found.archived_at is None:
            actions.archive_queue(queue_id, actor=actor(request))
            messages.success(request, _("Queue archived"))
        else:
            actions.restore_queue(queue_id, actor=actor(request))
            messages.success(request, _("Queue brought back"))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("service:queues")


def _queue(queue_id: int) -> TicketQueue:
    try:
        return queries.queue(queue_id)
    except TicketQueue.DoesNotExist as error:
        raise Http404("queue") from error
