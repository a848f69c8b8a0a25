"""How the machine room is: what operators look at first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from headwater.messaging.models import Outbox
from headwater.timeline.models import Parked
from headwater.timeline.queries import Lag, lag


@dataclass(frozen=True, slots=True)
class Health:
    """lag: per reaction. parked: the newest facts that a reaction could not digest (and how many there are).
    Mails waiting and the ones overdue; the database's size in bytes."""

    lag: list[Lag]
    parked: list[Parked]
    parked_count: int
    mails_waiting: int
    mails_overdue: int
    database_bytes: int


def health(now: datetime) -> Health:
    """Six statements, however much there is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
    return Health(
        lag=lag(now),
        parked=list(Parked.objects.order_by("-parked_at")[:20]),
        parked_count=Parked.objects.count(),
        mails_waiting=Outbox.objects.count(),
        mails_overdue=Outbox.objects.filter(due_at__lt=now).count(),
        database_bytes=size,
    )
