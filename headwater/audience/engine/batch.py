"""The test of many segments for the same people in one statement: it asks all conditions, moves people in and out, and
notes when time alone will change an answer. Compiled once for each set of segments that comes up."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from headwater.audience.compiler import resolve, several
from headwater.core.lanes import lane_key

from .book import TOGETHER, Living

#: (person, segment, whether she is in now)
Moved = tuple[int, Living, bool]
#: Sets of segments whose statement is kept
KEPT = 200


@dataclass(frozen=True)
class _Ready:
    sql: str
    recipe: dict[str, Any]


_ready: OrderedDict[tuple[Living, ...], _Ready] = OrderedDict()


def apply(segments: Sequence[Living], people: Sequence[int], now: datetime, *, again: bool = False) -> list[Moved]:
    """Test these people against each of these segments and write the outcome. Returns who moved. again: the same
    segments come up all the time, so that the plan is to be made once, without looking at the values. It takes as long
    to make as to run for fifty people, and PostgreSQL would make it anew each time, for it guesses that pays."""
    if not again:
        return _apply(segments, people, now)
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        moved = _apply(segments, people, now)
        cursor.execute("SET plan_cache_mode = auto")  # after an error the transaction takes it back
    return moved


def _apply(segments: Sequence[Living], people: Sequence[int], now: datetime) -> list[Moved]:
    moved: list[Moved] = []
    ordered = sorted(segments, key=lambda s: (s.id, s.generation))
    lanes = [lane_key(p) for p in people]
    for start in range(0, len(ordered), TOGETHER):
        group = tuple(ordered[start : start + TOGETHER])
        ready = _statement(group)
        by_key = {(s.id, s.generation): s for s in group}
        with connection.cursor() as cursor:
            cursor.execute(ready.sql, resolve({**ready.recipe, "ids": list(people), "lanes": lanes, "at": now}, now))
            moved += [(p, by_key[s, g], inside) for p, s, g, inside in cursor.fetchall()]
    return moved


def _statement(group: tuple[Living, ...]) -> _Ready:
    ready = _ready.get(group)
    if ready is None:
        ready = _ready[group] = _compile(group)
        while len(_ready) > KEPT:
            _ready.popitem(last=False)
    else:
        _ready.move_to_end(group)
    return ready


def _compile(group: tuple[Living, ...]) -> _Ready:
    """Lists are compared first, a person at a time: only where one differs from her memberships, or time will change
    an answer, is it taken apart by segment."""
    asked = several([s.node for s in group])
    segments = f"ARRAY[{', '.join(str(int(s.id)) for s in group)}]::bigint[]"
    generations = f"ARRAY[{', '.join(str(int(s.generation)) for s in group)}]::int[]"
    inside = ", ".join(f"CASE WHEN {said} THEN {int(s.id)} END" for s, (said, _) in zip(group, asked.said, strict=True))
    turning = [(s, turns) for s, (_, turns) in zip(group, asked.said, strict=True) if turns != "NULL::timestamptz"]
    turns = ", ".join(said for _, said in turning)
    sql = (
        "WITH batch AS MATERIALIZED (SELECT %(ids)s::bigint[] AS ids, %(lanes)s::bigint[] AS lanes), "
        f"which AS MATERIALIZED (SELECT seg, gen FROM unnest({segments}, {generations}) AS w(seg, gen)), "
        "member AS MATERIALIZED (SELECT m.person_id, array_agg(m.segment_id ORDER BY m.segment_id) AS segments "
        "FROM audience_segmentmember m JOIN which w ON w.seg = m.segment_id AND w.gen = m.generation "
        "WHERE m.person_id = ANY((SELECT ids FROM batch)::bigint[]) GROUP BY m.person_id), "
        f"x AS MATERIALIZED (SELECT p.id, array_remove(ARRAY[{inside}]::bigint[], NULL) AS inside, "
        f"{f'ARRAY[{turns}]' if turns else 'NULL::timestamptz[]'} AS turns FROM {asked.source}), "
        "moved AS MATERIALIZED (SELECT y.id, w.seg, w.gen, w.seg = ANY(y.inside) AS inside FROM ("
        "SELECT x.id, x.inside, coalesce(m.segments, '{}') AS was FROM x LEFT JOIN member m ON m.person_id = x.id "
        "WHERE x.inside <> coalesce(m.segments, '{}') OFFSET 0) y "
        "JOIN which w ON (w.seg = ANY(y.inside)) <> (w.seg = ANY(y.was))), "
        "entered AS (INSERT INTO audience_segmentmember (person_id, segment_id, generation, since) "
        "SELECT id, seg, gen, %(at)s::timestamptz FROM moved WHERE inside ON CONFLICT DO NOTHING), "
        "gone AS (DELETE FROM audience_segmentmember m USING moved x WHERE NOT x.inside AND m.person_id = x.id "
        "AND m.segment_id = x.seg AND m.generation = x.gen AND m.person_id = ANY((SELECT ids FROM batch)::bigint[]))"
    )
    if turning:
        sql += ", " + _due([s for s, _ in turning])
    return _Ready(f"{sql} SELECT id, seg, gen, inside FROM moved", asked.recipe)


def _due(turning: Sequence[Living]) -> str:
    segments = f"ARRAY[{', '.join(str(int(s.id)) for s in turning)}]::bigint[]"
    generations = f"ARRAY[{', '.join(str(int(s.generation)) for s in turning)}]::int[]"
    return (
        "due AS (INSERT INTO audience_segmentretest (lane_key, due_at, person_id, segment_id, generation) "
        "SELECT l.lane_key, t.turns, x.id, t.seg, t.gen FROM x "
        "JOIN (SELECT unnest(ids) AS id, unnest(lanes) AS lane_key FROM batch) l ON l.id = x.id "
        f"CROSS JOIN LATERAL unnest({segments}, {generations}, x.turns) AS t(seg, gen, turns) "
        "WHERE array_remove(x.turns, NULL) <> '{}' AND t.turns IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM audience_segmentretest r WHERE r.lane_key = l.lane_key AND r.person_id = x.id "
        "AND r.segment_id = t.seg AND r.generation = t.gen AND r.due_at <= t.turns) ON CONFLICT DO NOTHING)"
    )
