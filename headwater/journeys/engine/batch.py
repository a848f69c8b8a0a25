"""What one transaction of the engine writes: kept in memory while people walk, written at the end in a constant number
of statements, however many steps they took."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.db import connection

from headwater.core import wake
from headwater.core.lanes import lane_key
from headwater.timeline.actions import NewFact, record_many

from ..facts import JourneyExited, JourneyFinished
from .base import Traveller
from .graph import Version

LOG = "COPY journeys_passagelog (person_id, passage_id, hop, step, since, at, outcome, reason) FROM STDIN"
MOVE = (
    "UPDATE journeys_passage p SET step = v.step, state = v.state, hops = v.hops, moved_at = v.moved_at, "
    "until = v.until, due_at = v.due_at, tries = v.tries, ended_at = v.ended_at, outcome = v.outcome "
    "FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[], "
    "%s::timestamptz[], %s::smallint[], %s::timestamptz[], %s::text[]) "
    "AS v(person_id, id, step, state, hops, moved_at, until, due_at, tries, ended_at, outcome) "
    "WHERE p.person_id = v.person_id AND p.id = v.id"
)
UNDUE = (
    "DELETE FROM journeys_due d USING unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[]) "
    "AS v(lane_key, due_at, person_id, passage_id) WHERE d.lane_key = v.lane_key AND d.due_at = v.due_at "
    "AND d.person_id = v.person_id AND d.passage_id = v.passage_id"
)
DUE = (
    "INSERT INTO journeys_due (lane_key, due_at, person_id, passage_id) "
    "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING"
)
COUNT = (
    "INSERT INTO journeys_stepcount (lane_key, version_id, step, what, n) "
    "SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[]) "
    "ON CONFLICT (lane_key, version_id, step, what) DO UPDATE SET n = journeys_stepcount.n + excluded.n"
)
DAY = (
    "INSERT INTO journeys_daycount (lane_key, journey_id, day, what, n) "
    "SELECT %s, v.j, %s, v.w, v.n FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS v(j, w, n) "
    "ON CONFLICT (lane_key, journey_id, day, what) DO UPDATE SET n = journeys_daycount.n + excluded.n"
)


LogRow = tuple[int, int, int, str, datetime, datetime, str, str]


class Batch:
    """Collects; `flush` writes. All travellers' lanes must be held by the transaction."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.touched: dict[tuple[int, int], Traveller] = {}
        self.log: list[LogRow] = []
        self.counts: Counter[tuple[int, str, str]] = Counter()
        self.days: Counter[tuple[int, str]] = Counter()
        self.facts: list[NewFact] = []
        self.journeys: set[int] = set()

    def touch(self, t: Traveller) -> None:
        self.touched[t.person_id, t.id] = t
        self.journeys.add(t.journey_id)

    def stepped(self, t: Traveller, outcome: str, reason: str) -> None:
        """She leaves her step."""
        self.log.append((t.person_id, t.id, t.hops, t.step, t.moved_at, self.now, outcome, reason[:200]))
        t.hops += 1

    def ended(self, t: Traveller, version: Version, state: str, why: str) -> None:
        """Her passage is over: `finished` (why "end" or "goal") or `exited`."""
        t.state, t.ended_at, t.outcome = state, self.now, why[:200]
        t.until = t.due_at = None
        says: dict[str, Any] = {
            "journey": t.journey_id,
            "name": version.name,
            "version": version.number,
            "passage": t.id,
            "step": t.step,
            "why": why[:200],
        }
        made = JourneyFinished(**says) if state == "finished" else JourneyExited(**says)
        self.facts.append(NewFact(t.person_id, made, self.now, None, f"journey:{t.journey_id}"))
        self.days[t.journey_id, state] += 1
        if why == "goal":
            self.days[t.journey_id, "goal"] += 1
        self.touch(t)

    def flush(self) -> None:
        """Write everything."""
        people = list(self.touched.values())
        if not people and not self.counts:
            return
        self._move(people)
        with connection.cursor() as cursor:
            if self.log:
                with cursor.copy(LOG) as copy:
                    copy.write(_copied(self.log))
            lane = min((lane_key(t.person_id) for t in people), default=None)
            if self.counts and lane is not None:
                rows = sorted((*key, n) for key, n in self.counts.items())
                cursor.execute(COUNT, [lane, *_columns(rows)])
            if self.days and lane is not None:
                days = sorted((*key, n) for key, n in self.days.items())
                cursor.execute(DAY, [lane, self.now.date(), *_columns(days)])
        record_many(self.facts)
        wake.publish("journeys", *(f"journey:{j}" for j in sorted(self.journeys)))
        self.__init__(self.now)  # type: ignore[misc]

    def _move(self, people: list[Traveller]) -> None:
        if not people:
            return
        gone = [t for t in people if t.stored_due is not None and t.stored_due != t.due_at]
        new = [t for t in people if t.due_at is not None and t.stored_due != t.due_at]
        with connection.cursor() as cursor:
            cursor.execute(
                MOVE,
                _columns(
                    [
                        (
                            t.person_id, t.id, t.step, t.state, t.hops, t.moved_at, t.until, t.due_at, t.tries,
                            t.ended_at, t.outcome,
                        )
                        for t in people
                    ]
                ),
            )  # fmt: skip
            if gone:
                cursor.execute(
                    UNDUE, _columns([(lane_key(t.person_id), t.stored_due, t.person_id, t.id) for t in gone])
                )
            if new:
                cursor.execute(DUE, _columns([(lane_key(t.person_id), t.due_at, t.person_id, t.id) for t in new]))
        for t in people:
            t.stored_due = t.due_at


def _copied(log: list[LogRow]) -> str:
    """The log as COPY reads it, in the order of its key."""
    times: dict[datetime, str] = {}
    out = []
    for person, passage, hop, step, since, at, outcome, reason in sorted(log):
        then, now = times.get(since), times.get(at)
        if then is None:
            then = times[since] = str(since)
        if now is None:
            now = times[at] = str(at)
        if not reason.isalnum() and reason:
            reason = reason.translate(_ESCAPES)
        out.append(f"{person}\t{passage}\t{hop}\t{step}\t{then}\t{now}\t{outcome}\t{reason}\n")
    return "".join(out)


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": " "})


def _columns(rows: list[Any]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
