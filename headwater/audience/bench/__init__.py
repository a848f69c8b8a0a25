"""`headwater bench segments`: a segment built cold beside the best SQL by hand, exact counts while editing, and a batch
of changed people against a hundred living segments."""

from __future__ import annotations

import argparse
import json
import statistics
import time
import uuid
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection, transaction

from headwater.audience import actions, queries
from headwater.audience.engine import building, membership
from headwater.audience.engine.book import book
from headwater.audience.models import ScoreModel, Segment, Topic
from headwater.core import clock
from headwater.core.registry import benches
from headwater.people.models import Contact
from headwater.timeline.actions import Custom, NewFact, in_lane, record_many
from headwater.timeline.registry import Event

from .base import Progress, fill, warm
from .definitions import BY_HAND, COLD, COUNTRIES, INDUSTRIES, KINDS, PATHS, WHOLE_HISTORY, previews

CHANGED, BATCHES, TIMES = 1000, 12, 3


def run(args: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """The bench; see docs/operations.md for its figures."""
    contacts, events = args.contacts, max(args.events, args.contacts)
    now = fill(contacts, events, progress)
    warm(progress)
    with clock.freeze(now):
        progress("a segment of ten conditions, built cold")
        cold, by_hand = _cold(now)
        progress("counts while editing")
        timed = [(_preview(one), one) for one in previews()]
        shown = sorted(seconds for times, _ in timed for seconds in times)
        for times, one in sorted(timed, key=lambda t: -min(t[0]))[:3]:
            progress(f"  among the slowest: {_ms(min(times))} ms for {json.dumps(one)[:160]}")
        whole = sorted(seconds for one in WHOLE_HISTORY for seconds in _preview(one))
        progress("batches of changed people")
        warm(progress)  # the whole history has just been read
        batches, touched, moved = _batches(now)
    figures = {
        "cold_s": round(cold, 3),
        "preview_p50_ms": _ms(statistics.median(shown)),
        "preview_p95_ms": _ms(shown[int(len(shown) * 0.95)]),
        "preview_worst_ms": _ms(shown[-1]),
        "preview_whole_history_ms": _ms(statistics.median(whole)),
        "batch_ms": _ms(statistics.median(batches)),
        "batch_worst_ms": _ms(max(batches)),
        "batch_segments": touched,
        "batch_moves": moved,
    }
    return {
        "size": {"contacts": contacts, "events": events, "segments": 100, "changed": CHANGED},
        "figures": figures,
        "reference": {"cold_s": round(by_hand, 3)},
        "ratios": {"cold": round(cold / by_hand, 2)},
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _built() -> tuple[float, int]:
    """Seconds of a real build, from saving to living, and the members."""
    for old in Segment.objects.filter(key="bench-cold"):
        actions.delete_segment(old.pk, actor="system")
    building.run_all()
    started = time.perf_counter()
    s = actions.create_segment(key="bench-cold", name="Cold", definition=COLD, actor="system")
    building.run_all()
    return time.perf_counter() - started, queries.counts()[s.pk]


def _cold(now: datetime) -> tuple[float, float]:
    """Seconds of the build, and of the quickest SQL by hand that gives the same people: the best of each."""
    took, members = min(_built() for _ in range(TIMES))
    params: dict[str, Any] = {
        "now": now,
        **{f"d{n}": now - timedelta(days=n) for n in (30, 60, 90)},
        "model": ScoreModel.objects.get(key="engagement").pk,
        "topic": Topic.objects.get(key="pricing").pk,
        "countries": list(COUNTRIES[:8]),
        "industries": list(INDUSTRIES[:6]),
    }
    times = []
    for sql in BY_HAND * TIMES:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '128MB'")
            begun = time.perf_counter()
            cursor.execute(f"CREATE TEMPORARY TABLE by_hand ON COMMIT DROP AS {sql}", params)
            times.append(time.perf_counter() - begun)
            cursor.execute("SELECT count(*) FROM by_hand")
            same = cursor.fetchone()[0]
        if members != same:
            raise RuntimeError(f"the segment holds {members} people, the SQL by hand found {same}")
    return took, min(times)


def _preview(condition: Any) -> list[float]:
    out = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        queries.preview(condition)
        out.append(time.perf_counter() - begun)
    return out


def _batches(now: datetime) -> tuple[list[float], int, int]:
    """Seconds for each batch: finding the segments that it touches, testing, writing. What changed is written first."""
    rng = Random()
    everybody = list(Contact.objects.order_by("pk").values_list("pk", flat=True))  # ids have gaps
    times, touched, moved = [], 0, 0
    for _ in range(BATCHES):
        people = rng.sample(everybody, CHANGED)
        with transaction.atomic(), in_lane(*people):
            events = [_change(rng, person, now) for person in people]
            record_many([NewFact(e.person_id, Custom(e.kind, e.data), e.at, e.id) for e in events])
            rules = book()
            begun = time.perf_counter()
            wanted = membership.touched(events, (), rules)
            moved += membership.test(wanted, now, rules)
            times.append(time.perf_counter() - begun)
            touched = max(touched, len(wanted))
            transaction.set_rollback(True)  # the next run measures the same
    return times[2:], touched, moved


def _change(rng: Random, person: int, now: datetime) -> Event:
    """Mostly behaviour; one in ten is a tag."""
    kind = rng.choices([*(k for k, _ in KINDS), "tag.added"], [*(s for _, s in KINDS), 0.1])[0]
    data = {"tag": "vip"} if kind == "tag.added" else {"path": rng.choice(PATHS), "amount": 20}
    return Event(0, 0, person, now, uuid.UUID(int=rng.getrandbits(128)), kind, data, "system", now)


benches.add("segments", run)
