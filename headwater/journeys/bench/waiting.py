"""Waiting people: what they cost while nobody is due, and how late they wake."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from headwater.core import clock
from headwater.core.lanes import lane_key

from .. import actions
from ..actions import Entry
from ..engine import due
from ..models import OPEN, Journey, Passage
from .ways import a_second, a_year

#: How often a worker looks when nobody wakes it
LOOKS_EVERY, SECONDS = 0.5, 10
#: Seconds until the first of those who wake is due
PLACED = 3


def cost(people: Sequence[int]) -> float:
    """Per cent of a core that waking costs, here and in PostgreSQL, while all of these people wait and nobody is due:
    everybody waits for a year, and a worker looks as often as workers do."""
    journey = _live("Long", a_year())
    actions.enter(journey.pk, [Entry(p, "long") for p in people], actor="system")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) journeys_due")
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    due.run_once()
    began, end = time.process_time() + _cpu(backend), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        if due.run_once():
            raise RuntimeError("somebody was due")
        time.sleep(LOOKS_EVERY)
    used = time.process_time() + _cpu(backend) - began
    actions.pause(journey.pk, actor="system")
    return round(100 * used / SECONDS, 2)


def _cpu(pid: int) -> float:
    """Seconds of processor time of a process of this machine; 0 where the server runs elsewhere."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lateness(people: Sequence[int]) -> int:
    """How late people wake whose waits end one after the other, p99 in ms, at a looping worker."""
    journey = _live("Late", a_second())
    actions.enter(journey.pk, [Entry(p, "late") for p in people], actor="system")
    with connection.cursor() as cursor:
        now = clock.now()
        # Spread over two seconds, from when all are placed: what a worker with other work sees
        spread = "%(now)s + (abs(hashint8(p.person_id)) %% 2000) * interval '1 millisecond'"
        args: dict[str, Any] = {"now": now + timedelta(seconds=PLACED), "journey": journey.pk, "people": list(people)}
        args["lanes"] = [lane_key(p) for p in people]
        # By their keys: a million others may wait
        cursor.execute(
            f"UPDATE journeys_due d SET due_at = {spread} FROM unnest(%(lanes)s::bigint[], %(people)s::bigint[]) "
            "AS p(lane_key, person_id) JOIN journeys_passage s ON s.person_id = p.person_id "
            "AND s.journey_id = %(journey)s WHERE d.lane_key = p.lane_key AND d.due_at = s.due_at "
            "AND d.person_id = s.person_id AND d.passage_id = s.id",
            args,
        )
        cursor.execute(
            f"UPDATE journeys_passage p SET due_at = {spread}, until = {spread} WHERE p.journey_id = %(journey)s "
            "AND p.person_id = ANY(%(people)s::bigint[])",
            args,
        )
        inside = Passage.objects.filter(journey_id=journey.pk, state__in=OPEN)
        end = time.perf_counter() + PLACED + 20
        while inside.exists() and time.perf_counter() < end:
            if not due.run_once():
                time.sleep(0.02)
        cursor.execute(
            f"SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY ended_at - ({spread})), count(*) "
            "FROM journeys_passage p WHERE journey_id = %(journey)s AND ended_at IS NOT NULL",
            args,
        )
        late, woken = cursor.fetchone()
    if woken != len(people):
        raise RuntimeError(f"{woken} of {len(people)} woke")
    return int(late.total_seconds() * 1000)


def _live(name: str, graph: dict[str, Any]) -> Journey:
    journey = actions.create_journey(name=name, graph=graph, actor="system")
    actions.publish(journey.pk, actor="system")
    return journey
