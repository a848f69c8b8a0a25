"""How the log is doing: how far each reaction is, what was set aside, what operators did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Case, Count, When

from ..models import Operation, Parked, Replay
from ..registry import consumers


@dataclass(frozen=True, slots=True)
class Lag:
    consumer: str
    facts_behind: int
    oldest_seconds: float


def lag(now: datetime) -> list[Lag]:
    """How far each consumer is behind: facts, and the age of the oldest one it has not read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.consumer, sum(l.head - p.seq), max(EXTRACT(EPOCH FROM %s - o.recorded_at)) "
            "FROM timeline_laneposition p JOIN timeline_lane l USING (lane_key) LEFT JOIN LATERAL ("
            "SELECT recorded_at FROM timeline_lanelog g WHERE g.lane_key = p.lane_key AND g.seq > p.seq "
            "ORDER BY g.seq LIMIT 1) o ON true WHERE p.consumer = ANY(%s) GROUP BY 1 ORDER BY 1",
            [now, list(consumers())],
        )
        return [Lag(c, int(n), max(0.0, float(s or 0))) for c, n, s in cursor.fetchall()]


def parked(*, consumer: str = "", limit: int = 50) -> Sequence[Parked]:
    """Facts that a reaction could not digest, newest first; of one consumer, or of all."""
    rows = Parked.objects.filter(consumer=consumer) if consumer else Parked.objects.all()
    return list(rows.order_by("-parked_at", "lane_key", "seq")[:limit])


def parked_one(place: tuple[int, int, str]) -> Parked | None:
    """The fact that is parked at (lane_key, seq, consumer), None where there is none (any more)."""
    return Parked.objects.filter(pk=tuple(place)).first()


def parked_counts() -> dict[str, int]:
    """How many facts are parked, by consumer; none where there are none."""
    counts = Parked.objects.values_list("consumer").annotate(n=Count("*")).order_by("consumer")
    return {consumer: int(n) for consumer, n in counts}


def replays(limit: int = 10) -> Sequence[Replay]:
    """Those that run, then the newest."""
    running = Case(When(state=Replay.RUNNING, then=0), default=1)
    return list(Replay.objects.order_by(running, "-started_at")[:limit])


def journal(limit: int = 20) -> Sequence[Operation]:
    """What was done to the log, newest first."""
    return list(Operation.objects.order_by("-at", "-pk")[:limit])
