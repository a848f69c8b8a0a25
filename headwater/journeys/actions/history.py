"""Passages of the past, in bulk, for sample data and imports: rows only, no step is run and no fact recorded.

Who is still waiting wakes at her time and goes on as everybody does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from headwater.core.arrays import columns
from headwater.core.lanes import lane_key

from ..engine.graph import Version, versions

#: step, when she came to it, when she left it, outcome, reason
Stop = tuple[str, datetime, datetime, str, str]
#: (lane key, version, step, what) and (lane key, journey, day, what)
Steps = Counter[tuple[int, int, str, str]]
Days = Counter[tuple[int, int, date, str]]


@dataclass(frozen=True, slots=True)
class PassageSeed:
    """One person's way. log: the steps she took, as in PassageLog; state "waiting" needs `until`, "finished" and
    "exited" need `ended_at` and `outcome`."""

    person_id: int
    id: int
    journey_id: int
    version_id: int
    entry_key: str
    why: Mapping[str, Any]
    since: datetime
    entered_at: datetime
    moved_at: datetime
    step: str
    state: str
    log: Sequence[Stop] = field(default_factory=tuple)
    until: datetime | None = None
    ended_at: datetime | None = None
    outcome: str = ""


@transaction.atomic
def import_passages(seeds: Sequence[PassageSeed]) -> None:
    """Copy passages with their logs, waiting times and counts. Raises IntegrityError where one is there already."""
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY journeys_passage (person_id, id, journey_id, version_id, entry_key, why, since, state, step, hops, "
            "entered_at, moved_at, until, due_at, tries, ended_at, outcome) FROM STDIN"
        ) as copy:
            for s in seeds:
                why = json.dumps(dict(s.why), default=str)
                copy.write_row(
                    (s.person_id, s.id, s.journey_id, s.version_id, s.entry_key[:100], why, s.since, s.state, s.step,
                     len(s.log), s.entered_at, s.moved_at, s.until, s.until, 0, s.ended_at, s.outcome[:200])
                )  # fmt: skip
        with cursor.copy(
            "COPY journeys_stretch (person_id, passage_id, hop, since, at, steps, outcomes, reasons) FROM STDIN"
        ) as copy:
            for s in seeds:
                for row in _stretches(s):
                    copy.write_row(row)
        with cursor.copy("COPY journeys_due (lane_key, due_at, person_id, passage_id) FROM STDIN") as copy:
            for s in seeds:
                if s.until is not None:
                    copy.write_row((lane_key(s.person_id), s.until, s.person_id, s.id))
    _count(seeds)


def _stretches(seed: PassageSeed) -> Iterator[tuple[Any, ...]]:
    """The log as rows: the steps that she passed at the moment of leaving the one before are of one stretch with it."""
    hop = 0
    while hop < len(seed.log):
        _step, since, at, _outcome, _reason = seed.log[hop]
        end = hop + 1
        while end < len(seed.log) and seed.log[end][1:3] == (at, at):
            end += 1
        steps, _since, _at, outcomes, reasons = columns(seed.log[hop:end])
        yield (
            seed.person_id,
            seed.id,
            hop,
            since,
            at,
            steps,
            outcomes,
            [r[:200] for r in reasons] if any(reasons) else None,
        )
        hop = end


def _count(seeds: Sequence[PassageSeed]) -> None:
    """What the engine would have counted on the way, each person in her lane."""
    found = versions({s.version_id for s in seeds})
    steps, days = Counter[tuple[int, int, str, str]](), Counter[tuple[int, int, date, str]]()
    for s in seeds:
        lane = lane_key(s.person_id)
        days[lane, s.journey_id, s.entered_at.date(), "entered"] += 1
        if s.ended_at is not None:
            days[lane, s.journey_id, s.ended_at.date(), s.state] += 1
            days[lane, s.journey_id, s.ended_at.date(), "goal"] += s.outcome == "goal"
        _count_steps(steps, lane, s, found[s.version_id])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journeys_stepcount (lane_key, version_id, step, what, n) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[]) "
            "ON CONFLICT (lane_key, version_id, step, what) DO UPDATE SET n = journeys_stepcount.n + excluded.n",
            columns(sorted((*key, n) for key, n in steps.items() if n), 5),
        )
        cursor.execute(
            "INSERT INTO journeys_daycount (lane_key, journey_id, day, what, n) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::text[], %s::bigint[]) "
            "ON CONFLICT (lane_key, journey_id, day, what) DO UPDATE SET n = journeys_daycount.n + excluded.n",
            columns(sorted((*key, n) for key, n in days.items() if n), 5),
        )


def _count_steps(steps: Steps, lane: int, seed: PassageSeed, version: Version) -> None:
    for step, _since, _at, outcome, reason in seed.log:
        key = (lane, seed.version_id, step)
        steps[*key, "entered"] += 1
        if outcome in ("goal", "exit"):
            steps[*key, "left"] += 1
            continue
        steps[*key, "done"] += 1
        node = version.nodes.get(step)
        if outcome != "end" and node is not None and len(node.targets) > 1:
            steps[*key, f"arm:{outcome}"] += 1
        if reason.startswith("refused:"):
            steps[*key, reason[:60]] += 1
    if seed.ended_at is None:
        steps[lane, seed.version_id, seed.step, "entered"] += 1
    elif seed.outcome == "goal":
        for step, outcome in {(row[0], row[3]) for row in seed.log}:
            steps[lane, seed.version_id, step, f"goal:{outcome}"] += 1
