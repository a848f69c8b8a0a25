"""Reading the log: batches in lane order, effects committed together with the position.

`run_once` serves every lane that has something new and that no other worker holds at the moment. A reaction that
fails is tried again on ever smaller batches; a single fact on which it fails for good is parked, said so, and the
lane goes on.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

from django.db import InterfaceError, OperationalError, connection, transaction
from msgspec import json

from headwater.core import clock, crash
from headwater.core.arrays import columns
from headwater.core.lanes import LANES, lane_key
from headwater.core.session import blame

from . import pace
from .actions import holding, in_lane, regroupings, together
from .models import Parked
from .registry import Consumer, Event, consumers

log = logging.getLogger("headwater.dispatch")

#: Facts read per lane and pass; lanes served in one transaction (on a cluster set the latter to 1, scale.md rule 4).
BATCH_PER_LANE = int(os.environ.get("HEADWATER_BATCH_PER_LANE", "500"))
LANES_PER_TRANSACTION = int(os.environ.get("HEADWATER_LANES_PER_TRANSACTION", "256"))
#: Of a backlog each worker takes a quarter of the lanes at a time, so that four work side by side
LANES_OF_BACKLOG = 64
#: consumer -> whether its last batch was (nearly) full: there is more to read than one batch
_full: dict[str, bool] = {}
#: consumer -> the lane that it served last, where one transaction does not serve all: the next one goes on behind it
_served: dict[str, int] = {}


#: A consumer that hears few kinds looks this often (seconds), while there is other work: most of what it reads past
#: is not for it
SELDOM = 1.0
#: consumer -> when it looked last
_looked: dict[str, float] = {}


def run_all() -> int:
    """One pass over all consumers, in their order. Returns how many places of the lanes they passed."""
    if not _behind():
        return 0
    now, done, left = monotonic(), 0, []
    for consumer in consumers().values():
        if consumer.hears is not None and now - _looked.get(consumer.name, 0.0) < SELDOM:
            left.append(consumer)
        else:
            _looked[consumer.name] = now
            done += run_once(consumer)
    return done or sum(run_once(consumer) for consumer in left)


def _behind() -> bool:
    """Whether anybody has something to read: one cheap look instead of one for each consumer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM timeline_laneposition p JOIN timeline_lane l USING (lane_key) "
            "WHERE l.head > p.seq AND p.consumer = ANY(%s))",
            [list(consumers())],
        )
        return bool(cursor.fetchone()[0])


def run_once(consumer: Consumer | str, *, per_lane: int = BATCH_PER_LANE) -> int:
    """One batch for one consumer. Returns how many facts it read (0: nothing new, or others hold the lanes)."""
    if isinstance(consumer, str):
        consumer = consumers()[consumer]
    try:
        return _batch(consumer, None, per_lane)
    except (OperationalError, InterfaceError):
        raise  # the database, not the fact: the worker waits and tries again
    except Exception as error:
        blame(error)
        log.exception("reaction_failed", extra={"consumer": consumer.name})
        return _one_by_one(consumer)


class _Regrouped(Exception):
    """Facts of the batch changed hands after they were read, or are of people whose lanes are not held."""


def _batch(consumer: Consumer, only: list[int] | None, per_lane: int) -> int:
    first = True
    while True:
        try:
            return _try_batch(consumer, only, per_lane, first and consumer.hears is None)
        except _Regrouped:
            first = False
            log.info("batch_read_again", extra={"consumer": consumer.name})


def _try_batch(consumer: Consumer, only: list[int] | None, per_lane: int, heads: bool) -> int:
    """heads: take the lanes' heads together with the positions, where some are free."""
    began = monotonic()
    with transaction.atomic():
        lanes, held = _claim(consumer.name, only, heads)
        if not lanes:
            return 0
        per_lane = max(1, min(per_lane, pace.size(consumer.name) // len(lanes)))
        before = None if held else regroupings()
        heard = _read(consumer, lanes, per_lane)
        if heard:
            asked = monotonic()
            with _held(lanes, heard) if held else in_lane(*{e.person_id for e in heard}):
                if not held and regroupings() != before:
                    raise _Regrouped
                began += monotonic() - asked  # others had the lanes: that says nothing about this consumer
                with together():
                    consumer.react(heard)
            crash.point(f"{consumer.name}.reacted")
        done = _advance(consumer.name, lanes, heard, per_lane)
    if heard:
        crash.point(f"{consumer.name}.committed")
        pace.learn(consumer.name, len(heard), monotonic() - began)
        _full[consumer.name] = len(heard) >= per_lane * len(lanes) // 2
    return done


@contextmanager
def _held(lanes: Sequence[tuple[int, int, int]], heard: Sequence[Event]) -> Iterator[None]:
    """`in_lane` where the heads were taken before anything was read: no fact can change hands since. A fact may stand
    in the lane that its person had before she was merged; such a batch is read in the slower way."""
    keys = {key for key, _, _ in lanes}
    if any(lane_key(e.person_id) not in keys for e in heard):
        raise _Regrouped
    with holding(keys):
        yield


def _claim(name: str, only: list[int] | None, heads: bool = False) -> tuple[list[tuple[int, int, int]], bool]:
    """Lock the positions of lanes with news: (lane_key, seq read so far, head), and whether their heads are held, too.
    Of a backlog only some, whose heads are free, so that several workers go on side by side; where all are busy,
    whoever asks waits for his turn."""
    most = LANES_PER_TRANSACTION
    lanes: list[tuple[int, int, int]] = []
    backlog = only is None and _full.get(name, False)
    if backlog:
        most = min(most, LANES_OF_BACKLOG)
    if backlog or heads:
        lanes = _locked(name, only, most, "p, l")
    held = bool(lanes) and heads
    lanes = lanes or _locked(name, only, most, "p")
    if len(lanes) == most < LANES:
        _served[name] = lanes[-1][0]
    return lanes, held


def _locked(name: str, only: list[int] | None, most: int, what: str) -> list[tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.lane_key, p.seq, l.head FROM timeline_laneposition p JOIN timeline_lane l USING (lane_key) "
            "WHERE p.consumer = %s AND l.head > p.seq AND (%s::bigint[] IS NULL OR p.lane_key = ANY(%s)) "
            f"ORDER BY p.lane_key <= %s, p.lane_key LIMIT %s FOR UPDATE OF {what} SKIP LOCKED",
            [name, only, only, _served.get(name, 0), most],
        )
        return [(k, s, h) for k, s, h in cursor.fetchall()]


def _read(consumer: Consumer, lanes: Sequence[tuple[int, int, int]], per_lane: int) -> list[Event]:
    """The next facts of each lane that the consumer hears, up to the head that `_claim` saw."""
    hears = None if consumer.hears is None else list(consumer.hears)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.lane_key, g.seq, g.person_id, g.at, g.id, g.kind, g.data, g.actor, g.recorded_at "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS p(lane_key, seq, head) CROSS JOIN LATERAL ("
            "SELECT * FROM timeline_lanelog l WHERE l.lane_key = p.lane_key AND l.seq > p.seq AND l.seq <= p.head "
            "AND (%s::text[] IS NULL OR l.kind = ANY(%s)) AND l.kind <> ALL(%s) "
            "ORDER BY l.seq LIMIT %s) g ORDER BY g.lane_key, g.seq",
            [*columns(lanes), hears, hears, list(consumer.deaf_to), per_lane],
        )
        # Django leaves jsonb of raw queries as text
        return [
            Event(key, s, p, at, i, k, json.decode(d), who, r) for key, s, p, at, i, k, d, who, r in cursor.fetchall()
        ]


def _advance(name: str, lanes: Sequence[tuple[int, int, int]], heard: Sequence[Event], per_lane: int) -> int:
    """Move the positions behind what was heard; a lane of which less than a full batch was heard has been read to the
    head that was claimed (what lies between is gaps, and facts that the consumer does not hear). Returns how many
    places of the lanes were passed."""
    last: dict[int, int] = {}
    count: dict[int, int] = {}
    for e in heard:
        last[e.lane_key] = e.seq
        count[e.lane_key] = count.get(e.lane_key, 0) + 1
    seqs = [last[k] if count.get(k, 0) >= per_lane else head for k, _, head in lanes]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE timeline_laneposition p SET seq = v.seq FROM unnest(%s::bigint[], %s::bigint[]) "
            "AS v(lane_key, seq) WHERE p.consumer = %s AND p.lane_key = v.lane_key",
            [[k for k, _, _ in lanes], seqs, name],
        )
    return sum(seq - before for seq, (_, before, _) in zip(seqs, lanes, strict=True))


def _one_by_one(consumer: Consumer) -> int:
    """After a failure: lane by lane, then fact by fact; what fails alone is parked."""
    with transaction.atomic():
        keys = [k for k, _, _ in _claim(consumer.name, None)[0]]
    done = 0
    for key in keys:
        try:
            done += _batch(consumer, [key], BATCH_PER_LANE)
            continue
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            blame(error)
            log.warning("lane_goes_fact_by_fact", extra={"consumer": consumer.name, "lane_key": key})
        for _ in range(BATCH_PER_LANE):
            try:
                if not _batch(consumer, [key], 1):
                    break
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:
                blame(error)
                _park(consumer, key, traceback.format_exc())
            done += 1
    return done


def _park(consumer: Consumer, key: int, error: str) -> None:
    with transaction.atomic():
        lanes, _ = _claim(consumer.name, [key])
        events = _read(consumer, lanes, 1) if lanes else []
        if not events:
            return
        e = events[0]
        Parked.objects.get_or_create(
            lane_key=e.lane_key,
            seq=e.seq,
            consumer=consumer.name,
            defaults={
                "person_id": e.person_id,
                "at": e.at,
                "fact_id": e.id,
                "kind": e.kind,
                "error": error[-4000:],
                "parked_at": clock.now(),
            },
        )
        _advance(consumer.name, lanes, events, 1)
        log.error("fact_parked", extra={"consumer": consumer.name, "fact": str(e.id), "fact_kind": e.kind})


def prune(keep: timedelta = timedelta(hours=1)) -> int:
    """Drop rows of the queue that every consumer has read and that are older than `keep`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM timeline_lanelog g USING (SELECT lane_key, min(seq) AS seq FROM timeline_laneposition "
            "WHERE consumer = ANY(%s) GROUP BY lane_key) p "
            "WHERE g.lane_key = p.lane_key AND g.seq <= p.seq AND g.recorded_at < %s",
            [list(consumers()), clock.now() - keep],
        )
        return int(cursor.rowcount)
