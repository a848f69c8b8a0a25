"""What several views need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from headwater.core import actors
from headwater.core.fragments import changed, is_partial

from .. import actions, queries
from ..models import Ticket


def actor(request: HttpRequest) -> str:
    return actors.user(int(request.user.pk))  # type: ignore[arg-type]


def number(text: Any) -> int | None:
    """A whole number out of an address or a form; None for anything else."""
    try:
        found = int(text)
    except (TypeError, ValueError):
        return None
    return found if abs(found) < 2**63 else None


def the_ticket(ticket_id: int) -> Ticket:
    try:
        return queries.ticket(ticket_id)
    except Ticket.DoesNotExist as error:
        raise Http404("ticket") from error


def stale_words() -> str:
    return _("Somebody else changed this ticket in the meantime. Here is how it is now.")


def write(request: HttpRequest, ticket_id: int, action: Callable[[], Any], done: str = "") -> HttpResponse:
    """Run an action on a ticket; what it refuses is said, then the page as it is now."""
    the_ticket(ticket_id)
    try:
        action()
    except actions.Stale:
        messages.error(request, stale_words())
    except ValueError as error:
        messages.error(request, str(error))
    else:
        if done:
            messages.success(request, done)
    if is_partial(request):
        return changed(request, "ticket-changed")
    return redirect("service:ticket", ticket_id=ticket_id)
