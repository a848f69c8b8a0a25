"""`headwater bench journeys`: people through a journey of tags, branches, waits and scores, with their log, beside the
same passage, log and due rows written by bare set-based SQL in the same run."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, connections
from django.db.models import Count

from headwater.core import clock
from headwater.core.lanes import lane_of
from headwater.core.registry import benches
from headwater.people.actions import Identity, identify
from headwater.people.models import Contact
from headwater.timeline.models import Lane

from . import actions
from .actions import Entry
from .engine import due
from .models import DayCount, Due, Journey, Passage, PassageLog, StepCount, Stretch

CHUNK = 2000
WORKERS = 2
SECOND = {"amount": 1, "unit": "seconds"}
REFERENCE = (
    "WITH v AS (SELECT * FROM unnest(%s::bigint[]) AS person_id), moved AS ("
    "UPDATE bench_passage p SET step = %s, hops = p.hops + 1, moved_at = %s FROM v WHERE p.person_id = v.person_id "
    "RETURNING p.person_id, p.id, p.hops) "
    "INSERT INTO bench_log (person_id, passage_id, hop, step, since, at, outcome, reason) "
    "SELECT person_id, id, hops, %s, %s, %s, 'next', '' FROM moved"
)


def graph() -> dict[str, Any]:
    """Eleven steps on each way: two waits, three branches, tags and a score."""
    half = {"arms": [{"id": "yes", "when": {"random": 50}}], "else_label": "No"}
    tagged = {"arms": [{"id": "yes", "when": {"tag": "bench"}}]}
    hot = {"arms": [{"id": "yes", "when": {"score": "engagement", "op": "gte", "value": 5}}]}
    return {
        "entry": [{"kind": "manual"}],
        "reentry": {"rule": "always"},
        "goal": None,
        "exits": [],
        "start": "calm",
        "steps": {
            "calm": {"kind": "wait", "settings": {"for": SECOND}, "next": "tag"},
            "tag": {"kind": "add_tag", "settings": {"tag": "bench"}, "next": "half"},
            "half": {"kind": "branch", "settings": half, "arms": {"yes": "score", "else": "other"}},
            "score": {"kind": "change_score", "settings": {"points": 5}, "next": "hot"},
            "other": {"kind": "remove_tag", "settings": {"tag": "stranger"}, "next": "hot"},
            "hot": {"kind": "branch", "settings": hot, "arms": {"yes": "again", "else": "again"}},
            "again": {"kind": "add_tag", "settings": {"tag": "bench"}, "next": "tagged"},
            "tagged": {"kind": "branch", "settings": tagged, "arms": {"yes": "rest", "else": "rest"}},
            "rest": {"kind": "wait", "settings": {"for": SECOND}, "next": "look"},
            "look": {"kind": "branch", "settings": tagged, "arms": {"yes": "sure", "else": "sure"}},
            "sure": {"kind": "branch", "settings": half, "arms": {"yes": "end", "else": "end"}},
            "end": {"kind": "exit", "settings": {}, "arms": {}},
        },
    }


def run(args: argparse.Namespace, progress: Callable[[str], None]) -> dict[str, Any]:
    """Fill, walk, compare. The database is the bench's own."""
    people = _people(int(args.contacts), progress)
    _empty()
    journey = actions.create_journey(name="Bench", graph=graph(), actor="system")
    actions.publish(journey.pk, actor="system")
    progress(f"{len(people)} people walk {len(graph()['steps']) - 1} steps each")
    began = time.perf_counter()
    _in_processes(journey.pk, people)
    total = time.perf_counter() - began
    steps = PassageLog.objects.count()
    ended = dict(Passage.objects.values_list("state").annotate(n=Count("person_id")))
    if ended != {"finished": len(people)}:
        raise RuntimeError(f"not everybody came through: {ended}")
    progress(f"{steps} steps in {total:.1f} s; now the reference")
    bare = _reference(people)
    late = _lateness(journey.pk, people[:1000], progress)
    return {
        "size": {"people": len(people), "steps": steps, "workers": WORKERS},
        "figures": {
            "steps_per_s": round(steps / total),
            "people": len(people),
            "total_s": round(total, 2),
            "wake_p99_ms": late,
        },
        "reference": {"steps_per_s": round(bare), "what": "UPDATE of the passage and INSERT of the log, set by set"},
        "ratios": {"steps": round(steps / total / bare, 3)},
    }


def _in_processes(journey_id: int, people: list[int]) -> None:
    """Two workers, as on a machine of two cores: each lets in the people of half of the lanes; both wake whoever is
    due."""
    connections.close_all()
    children = []
    for n in range(WORKERS):
        pid = os.fork()
        if pid == 0:
            _worker(journey_id, [p for p in people if lane_of(p) % WORKERS == n])
        children.append(pid)
    for pid in children:
        if os.waitpid(pid, 0)[1] != 0:
            raise RuntimeError("a worker failed")


def _worker(journey_id: int, people: list[int]) -> None:
    status = 1
    try:
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
    """The bench's contacts, made when they are missing."""
    have = Contact.objects.count()
    if have < count:
        progress(f"making {count - have} people")
        for start in range(have, count, CHUNK):
            numbers = range(start, min(start + CHUNK, count))
            identify([Identity(email=f"p{n}@bench.example", source="bench") for n in numbers])
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE people_contact")
    return list(Contact.objects.order_by("pk").values_list("pk", flat=True)[:count])


def _empty() -> None:
    for model in (Passage, Stretch, Due, StepCount, DayCount):
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {model._meta.db_table}")
    Journey.objects.update(version=None)
    Journey.objects.all().delete()
    assert Lane.objects.count() == 256


def _reference(people: list[int]) -> float:
    """Steps a second that bare SQL writes: the same rows of passage and log, no rules, nothing asked, nothing told."""
    names = list(graph()["steps"])[:11]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_passage, bench_log")
        cursor.execute("CREATE TABLE bench_passage (LIKE journeys_passage INCLUDING ALL)")
        cursor.execute("CREATE TABLE bench_log (LIKE journeys_passagelog INCLUDING ALL)")
        cursor.execute("INSERT INTO bench_passage SELECT * FROM journeys_passage")
        now = clock.now()
        began = time.perf_counter()
        for start in range(0, len(people), CHUNK):
            part = people[start : start + CHUNK]
            for name in names:
                cursor.execute(REFERENCE, [part, name, now, name, now, now])
        took = time.perf_counter() - began
        cursor.execute("DROP TABLE bench_passage, bench_log")
    return len(people) * len(names) / took


def _lateness(journey_id: int, people: list[int], progress: Callable[[str], None]) -> int:
    """How late people wake whose waits end one after the other, p99 in ms, at a looping worker."""
    progress(f"{len(people)} people wait and wake")
    actions.enter(journey_id, [Entry(p, "late") for p in people], actor="system")
    with connection.cursor() as cursor:
        now = clock.now()
        # Spread over two seconds: what a worker with other work sees
        cursor.execute(
            "UPDATE journeys_due SET due_at = %s + (abs(hashint8(person_id)) %% 2000) * interval '1 millisecond'",
            [now + timedelta(milliseconds=200)],
        )
        cursor.execute(
            "UPDATE journeys_passage p SET due_at = d.due_at, until = d.due_at FROM journeys_due d "
            "WHERE d.person_id = p.person_id AND d.passage_id = p.id"
        )
        end = time.perf_counter() + 10
        while Due.objects.filter(due_at__lte=now + timedelta(milliseconds=2300)).exists() and time.perf_counter() < end:
            if not due.run_once():
                time.sleep(0.02)
        cursor.execute(
            "SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY l.at - p.until) FROM journeys_passagelog l JOIN ("
            "SELECT person_id, id, %s + (abs(hashint8(person_id)) %% 2000) * interval '1 millisecond' AS until "
            "FROM journeys_passage WHERE entry_key = 'late') p ON p.person_id = l.person_id AND p.id = l.passage_id "
            "WHERE l.hop = 0",
            [now + timedelta(milliseconds=200)],
        )
        late: timedelta = cursor.fetchone()[0]
    return round(late.total_seconds() * 1000)


benches.add("journeys", run)
