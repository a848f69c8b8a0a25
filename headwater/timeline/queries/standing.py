"""How the log is doing: how far each reaction is, what was set aside, what operators did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Case, Count, When

from ..models import Operation, Parked, Replay
from ..registry import consumers

#: A rate is what was passed since the newest pulse that is at least so many seconds old.
RATE_OVER = 30


@dataclass(frozen=True, slots=True)
class Lag:
    """facts_behind: places of the lanes not passed yet. oldest_seconds: the age of the oldest fact among them.
    per_second: places passed of late; None where no worker has taken the pulse yet."""

    consumer: str
    facts_behind: int
    oldest_seconds: float
    per_second: float | None = None


def lag(now: datetime) -> list[Lag]:
    """How far each consumer is behind, and how fast it is."""
    return standing(now)[0]


def standing(now: datetime) -> tuple[list[Lag], float | None]:
    """The lag of each consumer, and how many facts are written a second (None: no worker has taken the pulse yet)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.consumer, s.behind, s.age, (s.passed - u.passed) / EXTRACT(EPOCH FROM %s - u.at) FROM ("
            "SELECT p.consumer, sum(l.head - p.seq) AS behind, sum(p.seq) AS passed, "
            "max(EXTRACT(EPOCH FROM %s - o.recorded_at)) AS age "
            "FROM timeline_laneposition p JOIN timeline_lane l USING (lane_key) LEFT JOIN LATERAL ("
            "SELECT recorded_at FROM timeline_lanelog g WHERE g.lane_key = p.lane_key AND g.seq > p.seq "
            "ORDER BY g.seq LIMIT 1) o ON true WHERE p.consumer = ANY(%s) GROUP BY 1 "
            "UNION ALL SELECT '', 0, sum(head), 0 FROM timeline_lane) s LEFT JOIN LATERAL ("
            "SELECT passed, at FROM timeline_pulse u WHERE u.consumer = s.consumer AND u.at <= %s AND u.at > %s "
            "ORDER BY at DESC LIMIT 1) u ON true ORDER BY 1",
            [now, now, list(consumers()), now - timedelta(seconds=RATE_OVER), now - timedelta(minutes=5)],
        )
        found = [
            Lag(c, int(n), max(0.0, float(age or 0)), None if rate is None else max(0.0, float(rate)))
            for c, n, age, rate in cursor.fetchall()
        ]
    return [one for one in found if one.consumer], next((one.per_second for one in found if not one.consumer), None)


@dataclass(frozen=True, slots=True)
class Worker:
    """Who is connected or holds lanes. name: "machine:process" of a worker, "" for pages, the API and commands.
    lanes: of the 256, held at this moment. seconds: how long the longest of its transactions has been open."""

    name: str
    sessions: int
    lanes: int
    seconds: float


def workers(now: datetime) -> list[Worker]:
    """Workers that are connected, and whoever else holds lanes. A look at one moment: lanes are held for the length of
    a batch. A lane's row is locked by the transaction in its xmax, which holds the lock on its own id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH held AS (SELECT lane_key, xmax FROM timeline_lane WHERE xmax <> '0' UNION "
            "SELECT lane_key, xmax FROM timeline_laneposition WHERE xmax <> '0'), "
            "holder AS (SELECT k.pid, count(DISTINCT h.lane_key) AS lanes FROM held h JOIN pg_locks k "
            "ON k.locktype = 'transactionid' AND k.transactionid = h.xmax AND k.mode = 'ExclusiveLock' AND k.granted "
            "GROUP BY 1) "
            "SELECT CASE WHEN a.application_name LIKE 'headwater-worker %%' THEN substr(a.application_name, 18) "
            "ELSE '' END, count(*), coalesce(sum(h.lanes), 0), max(EXTRACT(EPOCH FROM %s - a.xact_start)) "
            "FROM pg_stat_activity a LEFT JOIN holder h USING (pid) WHERE a.datname = current_database() "
            "AND a.pid <> pg_backend_pid() AND (a.application_name LIKE 'headwater-worker %%' OR h.pid IS NOT NULL) "
            "GROUP BY 1 ORDER BY 1 DESC",
            [now],
        )
        return [Worker(name, n, int(lanes), max(0.0, float(s or 0))) for name, n, lanes, s in cursor.fetchall()]


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
