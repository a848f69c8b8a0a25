"""`headwater bench journeys`: people through a journey of ten steps of ten kinds, beside the same rows written by bare
set-based SQL in the same run; what waiting people cost, and how late they wake."""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, connections
from django.db.models import Count, Sum

from headwater.core import clock
from headwater.core.lanes import LANES, lane_of
from headwater.core.registry import benches
from headwater.core.worker import as_engine
from headwater.people.actions.history import ContactSeed, import_contacts
from headwater.people.models import Contact
from headwater.timeline import partitions

from .. import actions
from ..actions import Entry
from ..engine import due
from ..models import DayCount, Due, Journey, Passage, PassageLog, StepCount, Stretch
from . import reference, waiting
from .ways import ten_kinds

CHUNK = 10_000
WORKERS = 2


def run(args: argparse.Namespace, progress: Callable[[str], None]) -> dict[str, Any]:
    """Fill, walk, compare, wait. The database is the bench's own."""
    people = _people(int(args.contacts), progress)
    _empty()
    mark = f"bench-{clock.now():%Y%m%d%H%M%S}"
    graph = ten_kinds(mark)
    journey = actions.create_journey(name="Bench", graph=graph, actor="system")
    version = actions.publish(journey.pk, actor="system")
    progress(f"{len(people)} people walk {len(graph['steps'])} steps each")
    since, began = clock.now(), time.perf_counter()
    _in_processes(journey.pk, people)
    total = time.perf_counter() - began
    steps = PassageLog.objects.count()
    _check(version.pk, len(people), steps)
    progress(f"{steps} steps in {total:.1f} s; now the reference")
    bare = reference.written(people, mark, since, WORKERS, due.BATCH)
    progress(f"{bare:.1f} s; {len(people)} people wait")
    waits = waiting.cost(people)
    progress(f"{waits} % of a core; 1000 people wake")
    late = waiting.lateness(people[:1000])
    return {
        "size": {"people": len(people), "steps": steps, "kinds": len(graph["steps"]), "workers": WORKERS},
        "figures": {
            "steps_per_s": round(steps / total),
            "people": len(people),
            "total_s": round(total, 2),
            "waiting_core_percent": waits,
            "wake_p99_ms": late,
        },
        "reference": {
            "steps_per_s": round(steps / bare),
            "total_s": round(bare, 2),
            "what": "the same rows by bare SQL",
        },
        "ratios": {"steps": round(bare / total, 3)},
    }


def _check(version: int, people: int, steps: int) -> None:
    """Everybody is through, and the counts say the same. Raises RuntimeError."""
    ended = dict(Passage.objects.values_list("state").annotate(n=Count("person_id")))
    done = StepCount.objects.filter(version_id=version, what="done").aggregate(n=Sum("n"))["n"]
    if ended != {"finished": people} or done != steps or steps != 10 * people:
        raise RuntimeError(f"not everybody came through: {ended}, {done} steps counted of {steps}")


def _in_processes(journey_id: int, people: list[int]) -> None:
    """Two workers, as on a machine of two cores: each lets in the people of half of the lanes; both wake whoever is
    due."""
    connections.close_all()
    children = []
    for n in range(WORKERS):
        pid = os.fork()
        if pid == 0:
            _worker(journey_id, [p for p in people if lane_of(p) * WORKERS // LANES == n])
        children.append(pid)
    for pid in children:
        if os.waitpid(pid, 0)[1] != 0:
            raise RuntimeError("a worker failed")


def _worker(journey_id: int, people: list[int]) -> None:
    status = 1
    try:
        gc.freeze()  # the list of people is the bench's, not the worker's
        as_engine()
        actions.enter(journey_id, [Entry(p, "bench") for p in people], actor="system")
        for seconds in (5, 10):
            with clock.travel(timedelta(seconds=seconds)):
                while due.run_once():
                    pass
        connections.close_all()
        status = 0
    finally:
        os._exit(status)


def _people(count: int, progress: Callable[[str], None]) -> list[int]:
    """The bench's contacts, made when they are missing, as they were before any run."""
    now = clock.now()
    partitions.ensure(now - timedelta(days=31), now + timedelta(days=31))
    for start in range(Contact.objects.count(), count, CHUNK):
        part = range(start, min(start + CHUNK, count))
        import_contacts([ContactSeed("Ann", f"P{n}", f"Ann P{n}", f"p{n}@bench.example", now) for n in part])
        if (start + CHUNK) % 100_000 == 0:
            progress(f"{start + CHUNK} people")
    return list(Contact.objects.order_by("pk").values_list("pk", flat=True)[:count])


def _empty() -> None:
    """Nothing is left of an earlier run but facts, tags and what people have of it."""
    with connection.cursor() as cursor:
        for model in (Passage, Stretch, Due, StepCount, DayCount):
            cursor.execute(f"TRUNCATE {model._meta.db_table}")
        cursor.execute("VACUUM (ANALYZE) people_contact, journeys_passage, journeys_due, timeline_lane")
    Journey.objects.update(version=None)
    Journey.objects.all().delete()


benches.add("journeys", run)
