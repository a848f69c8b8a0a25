"""What one transaction of the engine writes: kept in memory while people walk, written at the end in a constant number
of statements, however many steps they took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import connection

from headwater.core import actors, wake
from headwater.core.arrays import columns, literal
from headwater.core.copying import copy_in, escaped
from headwater.core.lanes import lane_key
from headwater.timeline.actions import Custom, NewFact, record_many

from ..facts import JourneyExited, JourneyFinished
from .base import Trail, Traveller
from .graph import Version

LOG = "COPY journeys_stretch (person_id, passage_id, hop, since, at, steps, outcomes, reasons) FROM STDIN"
#: How a passage stands. People who went together stand alike: each way of standing is sent once, and each person names
#: hers by its place, `k`. (A join would do the same, but on a fresh table its plan may be a bad guess.)
STANDS = {
    "step": "text", "state": "text", "moved_at": "timestamptz", "until": "timestamptz", "due_at": "timestamptz",
    "tries": "smallint", "ended_at": "timestamptz", "outcome": "text",
}  # fmt: skip
#: The array is walked through for each person: of more ways than these everybody brings her own
FEW = 64
ARRIVE = (
    "COPY journeys_passage (person_id, id, journey_id, version_id, entry_key, why, since, hops, entered_at, "
    f"{', '.join(STANDS)}) FROM STDIN"
)
_MOVE = "UPDATE journeys_passage p SET hops = v.hops, {} FROM unnest(%s::bigint[], %s::bigint[], %s::int[], {}) "
_HERS = "AS v(person_id, id, hops, {}) WHERE p.person_id = v.person_id AND p.id = v.id"
MOVE_ALIKE = (_MOVE + _HERS).format(
    ", ".join(f"{name} = (%s::{kind}[])[v.k]" for name, kind in STANDS.items()), "%s::int[]", "k"
)
MOVE = (_MOVE + _HERS).format(
    ", ".join(f"{name} = v.{name}" for name in STANDS),
    ", ".join(f"%s::{kind}[]" for kind in STANDS.values()),
    ", ".join(STANDS),
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
#: For passages that the database does not have yet: nothing of theirs can be due
FIRST_DUE = "COPY journeys_due (lane_key, due_at, person_id, passage_id) FROM STDIN"
COUNT = (
    "INSERT INTO journeys_stepcount (lane_key, version_id, step, what, n) "
    "SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[]) "
    "ON CONFLICT (lane_key, version_id, step, what) DO UPDATE SET n = journeys_stepcount.n + excluded.n"
)
#: The steps and ways of those who have reached the goal, each way of a passage once. Its steps are in the log by then.
REACHED = (
    "INSERT INTO journeys_stepcount (lane_key, version_id, step, what, n) "
    "SELECT %s, version_id, step, 'goal:' || outcome, count(*) FROM (SELECT DISTINCT v.version_id, s.person_id, "
    "s.passage_id, u.step, u.outcome FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(person_id, id, "
    "version_id) JOIN journeys_stretch s ON s.person_id = v.person_id AND s.passage_id = v.id CROSS JOIN LATERAL "
    "unnest(s.steps, s.outcomes) AS u(step, outcome)) taken GROUP BY version_id, step, outcome "
    "ORDER BY version_id, step, outcome "
    "ON CONFLICT (lane_key, version_id, step, what) DO UPDATE SET n = journeys_stepcount.n + excluded.n"
)
DAY = (
    "INSERT INTO journeys_daycount (lane_key, journey_id, day, what, n) "
    "SELECT %s, v.j, %s, v.w, v.n FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS v(j, w, n) "
    "ON CONFLICT (lane_key, journey_id, day, what) DO UPDATE SET n = journeys_daycount.n + excluded.n"
)


class Batch:
    """Collects; `flush` writes. All travellers' lanes must be held by the transaction."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.people: list[Traveller] = []
        self.counts: Counter[tuple[int, str, str]] = Counter()
        self.days: Counter[tuple[int, str]] = Counter()
        self.facts: list[NewFact] = []
        self.journeys: set[int] = set()
        self.reached: list[Traveller] = []

    def touch(self, t: Traveller) -> None:
        if not t.touched:
            t.touched = True
            self.people.append(t)
            self.journeys.add(t.journey_id)

    def stepped(self, people: Iterable[Traveller], outcome: str, reason: str) -> None:
        """These people, all in the same step, leave it."""
        trails: dict[Trail | None, Trail] = {}
        for t in people:
            before = t.trail
            if before is None:
                t.first_hop, t.came_at = t.hops, t.moved_at
            after = trails.get(before)
            if after is None:
                after = trails[before] = Trail(before, t.step, outcome, reason[:200].replace("\0", " "))
            t.trail = after
            t.hops += 1

    def ended(self, people: Sequence[Traveller], version: Version, state: str, why: str) -> None:
        """The passages of people in one step are over: `finished` (why "end" or "goal") or `exited`."""
        if not people:
            return
        outcome, kind = why[:200], JourneyFinished if state == "finished" else JourneyExited
        said = kind(
            journey=version.journey_id, name=version.name, version=version.number, step=people[0].step, why=outcome
        ).data()
        actor = actors.journey(version.journey_id)
        for t in people:
            t.state, t.ended_at, t.outcome = state, self.now, outcome
            t.until = t.due_at = None
            self.touch(t)
            self.facts.append(NewFact(t.person_id, Custom(kind.kind, {**said, "passage": t.id}), self.now, None, actor))
        self.days[version.journey_id, state] += len(people)
        if why == "goal":
            self.days[version.journey_id, "goal"] += len(people)
            self.reached += people

    def flush(self) -> None:
        """Write everything."""
        people = sorted(self.people, key=_KEY)
        if not people and not self.counts:
            return
        self._arrive([t for t in people if t.arrival is not None])
        self._move([t for t in people if t.arrival is None])
        walked = [t for t in people if t.trail is not None]
        if walked:
            copy_in(LOG, _copied(walked, self.now))
        with connection.cursor() as cursor:
            lane = min((lane_key(t.person_id) for t in people), default=None)
            if self.counts and lane is not None:
                rows = sorted((*key, n) for key, n in self.counts.items())
                cursor.execute(COUNT, [lane, *columns(rows)])
            if self.reached:
                cursor.execute(REACHED, [lane, *columns([(t.person_id, t.id, t.version_id) for t in self.reached])])
            if self.days and lane is not None:
                days = sorted((*key, n) for key, n in self.days.items())
                cursor.execute(DAY, [lane, self.now.date(), *columns(days)])
        record_many(self.facts)
        wake.publish("journeys", *(f"journey:{j}" for j in sorted(self.journeys)))
        for t in people:
            t.trail, t.arrival, t.touched, t.stored_due = None, None, False, t.due_at
        self.__init__(self.now)  # type: ignore[misc]

    def _arrive(self, people: list[Traveller]) -> None:
        if not people:
            return
        copy_in(ARRIVE, _arrivals(people, self.now))
        due = [t for t in people if t.due_at is not None]
        if due:
            copy_in(FIRST_DUE, "".join([f"{lane_key(t.person_id)}\t{t.due_at}\t{t.person_id}\t{t.id}\n" for t in due]))

    def _move(self, people: list[Traveller]) -> None:
        if not people:
            return
        with connection.cursor() as cursor:
            ways, places = _ways(people)
            known = columns([(t.person_id, t.id, t.hops) for t in people])
            if len(ways) <= FEW:
                cursor.execute(MOVE_ALIKE, [*columns(ways), *known, places])
            else:
                cursor.execute(MOVE, [*known, *columns([_STANDS(t) for t in people])])
            gone = [t for t in people if t.stored_due is not None and t.stored_due != t.due_at]
            if gone:
                cursor.execute(UNDUE, columns([(lane_key(t.person_id), t.stored_due, t.person_id, t.id) for t in gone]))
            due = [t for t in people if t.due_at is not None and t.stored_due != t.due_at]
            if due:
                cursor.execute(DUE, columns([(lane_key(t.person_id), t.due_at, t.person_id, t.id) for t in due]))


_KEY = attrgetter("person_id", "id")
_STANDS = attrgetter(*STANDS)


def _arrivals(people: Sequence[Traveller], now: datetime) -> str:
    """New passages as COPY reads them, a line for each."""
    ends: dict[tuple[Any, ...], str] = {}
    out = []
    for t in people:
        assert t.arrival is not None
        stands = _STANDS(t)
        end = ends.get(stands)
        if end is None:
            end = ends[stands] = f"\t{now}\t" + "\t".join([_field(value) for value in stands]) + "\n"
        key, why = t.arrival.entry_key, t.arrival.why
        if not key.isalnum() or "\\" in why:
            key, why = _field(key), _field(why)
        out.append(f"{t.person_id}\t{t.id}\t{t.journey_id}\t{t.version_id}\t{key}\t{why}\t{t.since}\t{t.hops}{end}")
    return "".join(out)


def _field(value: Any) -> str:
    return "\\N" if value is None else escaped(str(value))


def _ways(people: Sequence[Traveller]) -> tuple[list[tuple[Any, ...]], list[int]]:
    """The different ways in which people stand, and for each person the place of hers, from 1."""
    ways: dict[tuple[Any, ...], int] = {}
    places = [ways.setdefault(_STANDS(t), len(ways) + 1) for t in people]
    return list(ways), places


def _copied(people: Sequence[Traveller], now: datetime) -> str:
    """The steps just taken as COPY reads them, a line for each person."""
    tails: dict[Trail, str] = {}
    out = []
    for t in people:
        assert t.trail is not None
        tail = tails.get(t.trail)
        if tail is None:
            tail = tails[t.trail] = _tail(t.trail, now)
        out.append(f"{t.person_id}\t{t.id}\t{t.first_hop}\t{t.came_at}{tail}")
    return "".join(out)


def _tail(trail: Trail, now: datetime) -> str:
    stops = trail.stops()
    reasons = _array([s.reason for s in stops]) if any(s.reason for s in stops) else "\\N"
    return f"\t{now}\t{_array([s.step for s in stops])}\t{_array([s.outcome for s in stops])}\t{reasons}\n"


def _array(values: list[str]) -> str:
    """Texts as an array of PostgreSQL, inside a line of COPY."""
    return escaped(literal(values) or "")
