"""From the intake into the log: who was it, what does it say, once.

A batch takes rows out of the intake, resolves visitors and people, and records facts, all in one transaction, so a
row is gone exactly when its effects are there. Whoever holds a lane's row of `capture_intakelane` sequences that lane;
a visitor's events stay in order. A row that cannot be digested is set aside with its reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from msgspec import json

from headwater.core import clock
from headwater.core.crash import point
from headwater.timeline.actions import together

from ..models import BotEvent, IntakeSeen
from .digest import Row, digest, reject

log = logging.getLogger("headwater.sequencer")
#: Rows of one transaction, and lanes of one transaction (on a cluster 1).
BATCH = 2000
LANES = 256
KEEP_SEEN = timedelta(days=3)
KEEP_BOTS = timedelta(days=90)


def run_once() -> int:
    """One batch. Returns how many rows it took out of the intake; 0: nothing to do, or others are at it."""
    try:
        return _batch(None, BATCH)
    except (OperationalError, InterfaceError):
        raise  # the database, not a row: the worker waits and tries again
    except Exception:
        log.exception("batch_failed")
        return _one_by_one()


def prune() -> int:
    """Forget event ids and bots that are old enough. Returns 0: nothing follows from it."""
    now = clock.now()
    IntakeSeen.objects.filter(seen_at__lt=now - KEEP_SEEN).delete()
    BotEvent.objects.filter(at__lt=now - KEEP_BOTS).delete()
    return 0


def _batch(lanes: list[int] | None, limit: int) -> int:
    with transaction.atomic():
        rows = _claim(lanes, limit)
        if rows:
            with together():
                digest(rows)
            point("sequencer.effects")
    if rows:
        point("sequencer.committed")
    return len(rows)


def _claim(lanes: list[int] | None, limit: int) -> list[Row]:
    """Lock lanes that have rows and take their oldest rows out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.lane_key FROM capture_intakelane l WHERE (%s::bigint[] IS NULL OR l.lane_key = ANY(%s)) AND "
            "EXISTS (SELECT 1 FROM capture_intake i WHERE i.lane_key = l.lane_key) "
            "ORDER BY l.lane_key LIMIT %s FOR UPDATE SKIP LOCKED",
            [lanes, lanes, LANES],
        )
        held = [key for (key,) in cursor.fetchall()]
        if not held:
            return []
        cursor.execute(
            "DELETE FROM capture_intake i USING (SELECT n.key, g.id FROM unnest(%s::bigint[]) AS n(key) "
            "CROSS JOIN LATERAL (SELECT id FROM capture_intake q WHERE q.lane_key = n.key ORDER BY id LIMIT %s) g) d "
            "WHERE i.lane_key = d.key AND i.id = d.id RETURNING i.lane_key, i.id, i.received_at, i.source, "
            "i.visitor_id, i.bot, i.payload::text, i.context::text",
            [held, max(1, limit // len(held))],
        )
        rows = [_row(*r) for r in cursor.fetchall()]
    return sorted(rows, key=lambda r: r.id)


def _row(*v: Any) -> Row:
    """jsonb comes as text."""
    values = (*v[:6], json.decode(v[6]), json.decode(v[7]))
    return Row(*values)


def _one_by_one() -> int:
    """After a failure: lane by lane, then row by row; the row that fails alone is set aside."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT lane_key FROM capture_intake ORDER BY lane_key")
        lanes = [key for (key,) in cursor.fetchall()]
    done = 0
    for lane in lanes:
        taken = _tried(lambda lane=lane: _batch([lane], 200))  # type: ignore[misc]
        if taken is not None:
            done += taken
            continue
        for _ in range(200):
            taken = _tried(lambda lane=lane: _batch([lane], 1))  # type: ignore[misc]
            done += _set_aside(lane) if taken is None else taken
            if taken == 0:
                break
    return done


_reason = ""


def _tried(work: Callable[[], int]) -> int | None:
    """What the work answers, None where a row in it cannot be digested."""
    global _reason
    try:
        return work()
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        _reason = f"{type(error).__name__}: {error}"
        return None


def _set_aside(lane: int) -> int:
    with transaction.atomic():
        rows = _claim([lane], 1)
        reject([(row, _reason) for row in rows])
    return len(rows)
