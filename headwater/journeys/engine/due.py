"""Waking: passages whose time has come, claimed lane by lane."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from headwater.core import clock
from headwater.core.lanes import LANE_KEYS
from headwater.timeline.actions import in_lane

from ..models import Journey, Status
from . import load
from .base import Traveller
from .batch import Batch
from .graph import versions
from .leaving import overtaking, sort_out
from .walk import advance, trusting

#: Passages woken in one transaction, and lanes served in it (on a cluster: one; scale.md, rule 4)
BATCH = int(os.environ.get("HEADWATER_JOURNEY_BATCH", "4000"))
LANES_PER_TRANSACTION = int(os.environ.get("HEADWATER_LANES_PER_TRANSACTION", "256"))
#: Of a backlog that fills more than one batch each worker takes a quarter of the lanes, so that four work side by side
LANES_OF_BACKLOG = min(64, LANES_PER_TRANSACTION)

#: When somebody is looked at again whose way has ended, but not in the eyes of the reaction
AGAIN = timedelta(seconds=1)

#: One index probe for each lane: a million waiting people cost no more than none. (A value that is asked for cannot
#: become a join: where many are due, PostgreSQL would rather read all that waits.)
DUE_LANES = (
    "SELECT k FROM unnest(%s::bigint[]) AS k WHERE (SELECT true FROM journeys_due d WHERE d.lane_key = k "
    "AND d.due_at <= %s ORDER BY d.due_at LIMIT 1)"
)
HOLD = "SELECT lane_key FROM timeline_lane WHERE lane_key = ANY(%s) ORDER BY lane_key"
WAITING = "SELECT count(*) FROM (SELECT 1 FROM journeys_due WHERE lane_key = ANY(%s) AND due_at <= %s LIMIT %s) d"
#: By the places of the rows, which nobody moves while we hold their lanes: a join would depend on what is known of a
#: table that was empty a moment ago
CLAIM = (
    "DELETE FROM journeys_due WHERE ctid = ANY(ARRAY(SELECT n.ctid FROM unnest(%s::bigint[]) AS k CROSS JOIN LATERAL ("
    "SELECT x.ctid FROM journeys_due x WHERE x.lane_key = k AND x.due_at <= %s "
    "ORDER BY x.due_at, x.person_id, x.passage_id LIMIT %s) n)) RETURNING person_id, passage_id"
)


def run_once(*, batch_size: int | None = None) -> int:
    """Wake passages that are due, in one transaction. Returns how many (0: none is due, or others have them)."""
    size = batch_size or BATCH
    with transaction.atomic():
        now = clock.now()
        lanes = _hold(now, size)
        if not lanes:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [lanes, now, max(1, size // len(lanes))])
            claimed = cursor.fetchall()
        if not claimed:
            return 0
        # The lanes are ours by now; in_lane only makes that known to the actions below it.
        with in_lane(*{person for person, _ in claimed}):
            trusting(lambda: wake(_on_time(load.by_id(claimed, claimed=True), now), now))
        return len(claimed)


def _on_time(people: Sequence[Traveller], now: datetime) -> list[Traveller]:
    """Those who may go on; whoever's goal or exit is still to be heard is due again a second later."""
    early = overtaking(people, versions(t.version_id for t in people))
    if early:
        batch = Batch(now)
        for t in people:
            if (t.person_id, t.id) in early:
                t.due_at = now + AGAIN
                batch.touch(t)
        batch.flush()
    return [t for t in people if (t.person_id, t.id) not in early]


def _hold(now: datetime, size: int) -> list[int]:
    """Take the heads of lanes in which somebody is due: those that are free, or else, rather than come back with
    nothing while there is work, the first one when its holder is done."""
    with connection.cursor() as cursor:
        cursor.execute(DUE_LANES, [list(LANE_KEYS), now])
        wanted = [k for (k,) in cursor.fetchall()]
        if not wanted:
            return []
        cursor.execute(WAITING, [wanted, now, size])
        most = LANES_OF_BACKLOG if cursor.fetchone()[0] >= size else LANES_PER_TRANSACTION
        cursor.execute(f"{HOLD} LIMIT %s FOR UPDATE SKIP LOCKED", [wanted, most])
        held = [k for (k,) in cursor.fetchall()]
        if not held:
            cursor.execute(f"{HOLD} FOR UPDATE", [[random.choice(wanted)]])
            held = [k for (k,) in cursor.fetchall()]
    return held


def _running(journey_ids: set[int]) -> set[int]:
    return set(Journey.objects.filter(pk__in=journey_ids, status=Status.LIVE).values_list("pk", flat=True))


def wake(people: Sequence[Traveller], now: datetime) -> int:
    """Let passages go on whose lanes are held. Those of paused journeys are set aside until it runs again."""
    if not people:
        return 0
    live = _running({t.journey_id for t in people})
    batch = Batch(now)
    ready = []
    for t in people:
        if t.journey_id not in live:
            t.state, t.due_at = "held", None
            batch.touch(t)
        elif t.state != "stuck":
            t.woken = t.state != "active"
            ready.append(t)
    known = versions(t.version_id for t in ready)
    steps = advance(batch, sort_out(batch, ready, known), known)
    batch.flush()
    return steps


def release(limit: int = BATCH) -> int:
    """Make the people due whom a pause had set aside, where their journey runs again. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id, p.id FROM journeys_passage p JOIN journeys_journey j ON j.id = p.journey_id "
            "WHERE p.state = 'held' AND j.status = 'live' ORDER BY p.journey_id, p.person_id LIMIT %s",
            [limit],
        )
        keys = cursor.fetchall()
    if not keys:
        return 0
    with in_lane(*{person for person, _ in keys}):
        now = clock.now()
        held = [t for t in load.by_id(keys) if t.state == "held"]
        live = _running({t.journey_id for t in held})
        ready = versions(t.version_id for t in held)
        batch = Batch(now)
        for t in held:
            node = ready[t.version_id].nodes.get(t.step)
            if t.journey_id in live:
                t.state = "waiting" if node is not None and node.kind.waits else "active"
                t.due_at = now
                batch.touch(t)
        batch.flush()
    return len(keys)
