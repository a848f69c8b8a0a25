"""Queues: where tickets wait, with targets and hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from headwater.accounts.actions import audit
from headwater.core import clock, wake

from ..models import Ticket, TicketQueue
from ..rules import DAYS, DEFAULT_HOURS, DEFAULT_QUEUE, DEFAULT_TARGETS, MOST_DAYS, MOST_MINUTES, PRIORITIES, minutes_of

#: Two callers make or rename queues one after the other (pg_advisory_xact_lock)
_LOCK = 7_201_113
MOST_QUEUES = 50


class Refused(ValueError):
    """A change that must not be made; the text says why, for people. `field` is where to show it."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def ensure_queue() -> TicketQueue:
    """The first queue in use, made where there is none yet. Safe to run at the same time."""
    found = TicketQueue.objects.filter(archived_at=None).first()
    if found is not None:
        return found
    with transaction.atomic():
        _one_at_a_time()
        found = TicketQueue.objects.filter(archived_at=None).first()
        return found or TicketQueue.objects.create(
            name=DEFAULT_QUEUE, targets=DEFAULT_TARGETS, hours=DEFAULT_HOURS, order=0
        )


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


@transaction.atomic
def create_queue(
    *,
    name: str,
    actor: str,
    targets: Mapping[str, Any] | None = None,
    hours: Mapping[str, Any] | None = None,
    close_after: int = 0,
) -> TicketQueue:
    """A queue, last in the order. Raises Refused on a name that is empty or taken, and on targets or hours that cannot
    be; without them it gets the usual ones."""
    ensure_queue()
    _one_at_a_time()
    if TicketQueue.objects.filter(archived_at=None).count() >= MOST_QUEUES:
        raise Refused(_("There are at most %(n)s queues.") % {"n": MOST_QUEUES}, "name")
    last = TicketQueue.objects.order_by("-order").values_list("order", flat=True).first()
    queue = TicketQueue.objects.create(
        name=_free_name(name),
        targets=check_targets(DEFAULT_TARGETS if targets is None else targets),
        hours=check_hours(DEFAULT_HOURS if hours is None else hours),
        close_after=check_days(close_after),
        order=(last or 0) + 1,
    )
    audit("queue.created", queue.name, actor=actor, after=_state(queue))
    return queue


@transaction.atomic
def update_queue(queue_id: int, *, actor: str, **changes: Any) -> TicketQueue:
    """Change name, targets, hours or close_after. Tickets keep the times that they have; new ones and those that change
    get new ones. Raises Refused, TicketQueue.DoesNotExist."""
    if unknown := set(changes) - {"name", "targets", "hours", "close_after"}:
        raise Refused(f"a queue has no {', '.join(sorted(unknown))}")
    _one_at_a_time()
    queue = TicketQueue.objects.select_for_update(no_key=True).get(pk=queue_id)
    before = _state(queue)
    if "name" in changes:
        queue.name = _free_name(str(changes["name"]), but=queue_id)
    if "targets" in changes:
        queue.targets = check_targets(changes["targets"])
    if "hours" in changes:
        queue.hours = check_hours(changes["hours"])
    if "close_after" in changes:
        queue.close_after = check_days(changes["close_after"])
    after = _state(queue)
    if before != after:
        queue.save(update_fields=["name", "targets", "hours", "close_after"])
        audit("queue.changed", queue.name, actor=actor, before=before, after=after)
        wake.publish("tickets")
    return queue


@transaction.atomic
def archive_queue(queue_id: int, *, actor: str) -> None:
    """Take a queue out of use: no new ticket comes here, those that are there stay. One that never held a ticket is
    removed. Raises Refused where it is the last one, TicketQueue.DoesNotExist."""
    _one_at_a_time()
    queue = TicketQueue.objects.select_for_update(no_key=True).get(pk=queue_id, archived_at=None)
    if not TicketQueue.objects.filter(archived_at=None).exclude(pk=queue_id).exists():
        raise Refused(_("This is the only queue."))
    if Ticket.objects.filter(queue=queue).exists():
        queue.archived_at = clock.now()
        queue.save(update_fields=["archived_at"])
    else:
        queue.delete()
    audit("queue.archived", queue.name, actor=actor)
    wake.publish("tickets")


@transaction.atomic
def restore_queue(queue_id: int, *, actor: str) -> TicketQueue:
    """Bring an archived queue back into use. Raises TicketQueue.DoesNotExist."""
    queue = TicketQueue.objects.select_for_update(no_key=True).get(pk=queue_id)
    if queue.archived_at is not None:
        queue.archived_at = None
        queue.save(update_fields=["archived_at"])
        audit("queue.restored", queue.name, actor=actor)
        wake.publish("tickets")
    return queue


def _free_name(name: str, but: int = 0) -> str:
    name = " ".join(name.split())[:80]
    if not name:
        raise Refused(_("Give the queue a name."), "name")
    if TicketQueue.objects.filter(name__iexact=name).exclude(pk=but).exists():
        raise Refused(_("There is a queue of this name already."), "name")
    return name


def check_targets(raw: Any) -> dict[str, dict[str, int | None]]:
    """Targets as they are kept. Raises Refused."""
    if not isinstance(raw, Mapping) or set(raw) - set(PRIORITIES):
        raise Refused(_("Targets are given by priority: low, normal, high, urgent."), "targets")
    out: dict[str, dict[str, int | None]] = {}
    for priority in PRIORITIES:
        given = raw.get(priority) or {}
        if not isinstance(given, Mapping) or set(given) - {"reply", "solution"}:
            raise Refused(_("A target has minutes for the reply and for the solution."), "targets")
        out[priority] = {}
        for what in ("reply", "solution"):
            minutes = given.get(what)
            whole = isinstance(minutes, int) and not isinstance(minutes, bool)
            if minutes is not None and not (whole and 1 <= minutes <= MOST_MINUTES):
                raise Refused(_("A whole number of minutes, at most a year of them."), "targets")
            out[priority][what] = minutes
    return out


def check_hours(raw: Any) -> dict[str, Any]:
    """Hours as they are kept; no days: always open. Raises Refused."""
    if not isinstance(raw, Mapping) or set(raw) - {"days", "opens", "closes"}:
        raise Refused(_("Hours are days, and from when to when."), "hours")
    days = raw.get("days") or []
    if not isinstance(days, list) or any(day not in DAYS for day in days):
        raise Refused(_("Days are mon, tue, wed, thu, fri, sat and sun."), "days")
    try:
        opens, closes = (minutes_of(raw.get(name) or "00:00") for name in ("opens", "closes"))
    except ValueError:
        raise Refused(_("A time looks like 09:30."), "opens") from None
    if days and closes and closes <= opens:
        raise Refused(_("It must close after it opens."), "closes")
    chosen = [day for day in DAYS if day in days]
    return {"days": chosen, "opens": _clock(opens), "closes": _clock(closes)}


def check_days(days: Any) -> int:
    """Days until what was solved is closed; 0: never. Raises Refused."""
    if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= MOST_DAYS:
        raise Refused(_("A whole number of days, at most %(n)s.") % {"n": MOST_DAYS}, "close_after")
    return days


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _state(queue: TicketQueue) -> dict[str, Any]:
    return {"name": queue.name, "targets": queue.targets, "hours": queue.hours, "close_after": queue.close_after}
