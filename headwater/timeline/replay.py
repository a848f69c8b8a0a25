"""Replays: a consumer hears the history again, in the background. docs/adr/0005-replay.md.

Person by person, each one's facts in the order of their time. A batch holds the lanes of its people for a tenth of a
second at most, its effects commit together with how far the replay is, and no batch begins while live facts wait. Any
worker takes the next batch; a fact on which the consumer fails for good is parked, as if it were live.
"""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from msgspec import json

from headwater.core import clock, crash, wake
from headwater.core.actors import SYSTEM
from headwater.core.lanes import lane_key

from . import pace
from .actions import in_lane
from .actions.replays import finish
from .models import Parked, Replay
from .registry import Consumer, Event, consumers

log = logging.getLogger("headwater.replay")
#: How long a batch may hold its lanes; facts of the first batch; people looked through in one query.
SECONDS, FIRST, SPAN = 0.1, 500, 20_000
#: While a consumer has more live facts than this to read, replays wait.
LIVE_FIRST = 1000
_END, _LAST = datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1)


def run_once() -> int:
    """A batch of each replay that runs. Returns how many facts were heard again, or steps taken."""
    running = list(Replay.objects.filter(state=Replay.RUNNING).order_by("pk").values_list("pk", flat=True))
    if not running or live_facts_wait():
        return 0
    return sum(_serve(pk) for pk in running)


def live_facts_wait() -> bool:
    """Whether some consumer has much to read; replays let it go first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(behind), 0) FROM (SELECT sum(l.head - p.seq) AS behind FROM timeline_laneposition p "
            "JOIN timeline_lane l USING (lane_key) WHERE p.consumer = ANY(%s) GROUP BY p.consumer) c",
            [list(consumers())],
        )
        return int(cursor.fetchone()[0]) > LIVE_FIRST


def _serve(pk: int) -> int:
    pace.begin(_pace(pk), FIRST)
    size = pace.size(_pace(pk))
    try:
        return _batch(pk, size)
    except (OperationalError, InterfaceError):
        raise  # the database, not the fact
    except Exception:
        log.exception("replay_failed", extra={"replay": pk})
    done = 0
    for _ in range(size):  # fact by fact, up to the one that fails alone
        try:
            step = _batch(pk, 1)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            return done + _set_aside(pk, traceback.format_exc())
        if not step:
            break
        done += step
    return done


def _pace(pk: int) -> str:
    return f"replay {pk}"


def _batch(pk: int, size: int) -> int:
    with transaction.atomic():
        row = Replay.objects.select_for_update(skip_locked=True).filter(pk=pk, state=Replay.RUNNING).first()
        if row is None:
            return 0  # another worker has it, or it was stopped
        consumer = consumers().get(row.consumer)
        if consumer is None or consumer.replay is None:
            finish(row, Replay.STOPPED, actor=SYSTEM)  # this release cannot do it
            return 1
        events = _read(row, consumer, size)
        if not events:
            return _step(row)
        began = monotonic()
        with in_lane(*{e.person_id for e in events}):
            consumer.replay(events)
        crash.point("replay.reacted")
        _move(row, events)
    if size > 1:
        pace.learn(_pace(pk), len(events), monotonic() - began, within=SECONDS)
    return len(events)


def _read(row: Replay, consumer: Consumer, size: int) -> list[Event]:
    """The next facts that the consumer hears, within the next SPAN people."""
    hears = None if consumer.hears is None else list(consumer.hears)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, at, id, kind, data::text, actor, recorded_at, coalesce(seq, 0) FROM timeline_fact "
            "WHERE (person_id, at, id) > (%s, %s, %s) AND person_id <= %s AND at >= %s AND recorded_at <= %s "
            "AND (%s::text[] IS NULL OR kind = ANY(%s)) AND kind <> ALL(%s) ORDER BY person_id, at, id LIMIT %s",
            [
                row.upto_person,
                row.upto_at,
                row.upto_id,
                row.upto_person + SPAN,
                row.since,
                row.started_at,
                hears,
                hears,
                list(consumer.deaf_to),
                size,
            ],
        )
        return [
            Event(lane_key(p), seq, p, at, i, kind, json.decode(data), who, recorded)
            for p, at, i, kind, data, who, recorded, seq in cursor.fetchall()
        ]


def _move(row: Replay, events: list[Event], *, parked: int = 0) -> None:
    last = events[-1]
    row.upto_person, row.upto_at, row.upto_id = last.person_id, last.at, last.id
    row.facts += len(events)
    row.parked += parked
    row.save(update_fields=["upto_person", "upto_at", "upto_id", "facts", "parked"])
    wake.publish("health")


def _step(row: Replay) -> int:
    """Nothing (more) to hear within the span: go behind it, or to where the next person is, or end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(person_id) FROM timeline_fact WHERE person_id > %s AND at >= %s",
            [row.upto_person + SPAN, row.since],
        )
        (following,) = cursor.fetchone()
    if following is None or following > row.last_person:
        finish(row, Replay.DONE, actor=SYSTEM)
        log.info("replay_done", extra={"consumer": row.consumer, "facts": row.facts, "parked": row.parked})
        return 1
    row.upto_person, row.upto_at, row.upto_id = following - 1, _END, _LAST
    row.save(update_fields=["upto_person", "upto_at", "upto_id"])
    return 1


def _set_aside(pk: int, error: str) -> int:
    """Park the fact that is next, and go on behind it."""
    with transaction.atomic():
        row = Replay.objects.select_for_update(skip_locked=True).filter(pk=pk, state=Replay.RUNNING).first()
        consumer = consumers().get(row.consumer) if row else None
        events = _read(row, consumer, 1) if row and consumer else []
        if not row or not events:
            return 0
        e = events[0]
        Parked.objects.get_or_create(
            lane_key=e.lane_key,
            seq=e.seq or -(e.id.int % 2**62) - 1,  # copied history has no place in its lane
            consumer=row.consumer,
            defaults={
                "person_id": e.person_id,
                "at": e.at,
                "fact_id": e.id,
                "kind": e.kind,
                "error": error[-4000:],
                "parked_at": clock.now(),
            },
        )
        _move(row, events, parked=1)
    log.error("fact_parked", extra={"consumer": row.consumer, "fact": str(e.id), "replay": pk})
    return 1
