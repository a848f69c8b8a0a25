"""Starting and stopping a replay: a consumer hears the history again from a point on. `timeline.replay` runs it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from headwater.core import clock, wake

from ..models import Replay
from ..registry import consumers
from .journal import note_down


class ReplayRefused(ValueError):
    """Why a replay cannot be started, in words."""


def start_replay(*, consumer: str, since: datetime, actor: str) -> Replay:
    """Let a consumer hear again, in the background, what happened since then and was recorded until now.

    since: aware. Raises ReplayRefused: no such consumer, one that is not replayable, a point in the future, one that is
    being replayed already.
    """
    found = consumers().get(consumer)
    now = clock.now()
    if found is None:
        raise ReplayRefused(_("There is no reaction named %(name)s.") % {"name": consumer})
    if found.replay is None:
        words = _("%(name)s cannot be replayed: hearing old facts again would repeat what it did.")
        raise ReplayRefused(words % {"name": consumer})
    if since > now:
        raise ReplayRefused(_("The point to start from is in the future."))
    first, last = _people()
    try:
        with transaction.atomic():
            row = Replay.objects.create(
                consumer=consumer,
                since=since,
                started_at=now,
                actor=actor,
                first_person=first,
                last_person=last,
                upto_person=first - 1,
                upto_at=datetime(9999, 12, 31, tzinfo=UTC),
                upto_id=uuid.UUID(int=0),
            )
            note_down("replay.started", consumer, actor=actor, detail={"since": since.isoformat(), "replay": row.pk})
            wake.notify(["health"])
    except IntegrityError:
        raise ReplayRefused(_("%(name)s is being replayed already.") % {"name": consumer}) from None
    return row


def stop_replay(replay_id: int, *, actor: str) -> bool:
    """End a replay where it is; what it did stays. False where it does not run (any more)."""
    with transaction.atomic():
        row = Replay.objects.select_for_update().filter(pk=replay_id, state=Replay.RUNNING).first()
        if row is None:
            return False
        finish(row, Replay.STOPPED, actor=actor)
    return True


def finish(row: Replay, state: str, *, actor: str) -> None:
    """Write down that it is done or stopped, in the caller's transaction that holds the row."""
    row.state, row.finished_at = state, clock.now()
    row.save(update_fields=["state", "finished_at"])
    detail = {"facts": row.facts, "parked": row.parked, "replay": row.pk}
    note_down(f"replay.{state}", row.consumer, actor=actor, detail=detail)
    wake.publish("health")


def _people() -> tuple[int, int]:
    """The lowest and the highest person with a fact; (0, -1) where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(person_id), max(person_id) FROM timeline_fact")
        low, high = cursor.fetchone()
    return (low, high) if low is not None else (0, -1)
