"""Closing what was solved some days ago, where its queue says so."""

from __future__ import annotations

from headwater.core import clock
from headwater.core.actors import SYSTEM

from ..models import Ticket
from .changing import change, locked

BATCH = 200


def close_solved() -> int:
    """Close a batch of tickets whose time as solved is over. Returns how many were due. Safe to run at the same time:
    the tickets are locked, and looked at again then."""
    now = clock.now()
    ids = list(Ticket.objects.filter(close_at__lte=now).order_by("close_at").values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    with locked(ids) as tickets:
        due = [t for t in tickets if t.close_at is not None and t.close_at <= now and t.status == "solved"]
        change([(ticket, {"status": "closed"}) for ticket in due], actor=SYSTEM)
    return len(ids)
