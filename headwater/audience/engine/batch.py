"""The test of many segments for the same people in one statement: it asks all conditions, moves people in and out, and
notes when time alone will change an answer. Compiled once for each set of segments that comes up."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
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


def apply(
    segments: Sequence[Living],
    wanted: Mapping[Living, Collection[int]],
    now: datetime,
    *,
    again: bool = False,
) -> list[Moved]:
    """Test people against segments, each for those who are wanted, and write the outcome. Returns who moved. again: the
    same segments come up all the time, so their statement is prepared at once, and planned without looking at the
    values: planning takes as long as some hundred people, and PostgreSQL would do it each time, for it guesses that
    pays."""
    ordered = sorted(segments, key=lambda s: (s.id, s.generation))
    groups = [tuple(ordered[start : start + TOGETHER]) for start in range(0, len(ordered), TOGETHER)]
    if not again:
        return [one for group in groups for one in _apply(group, wanted, now)]
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        with _prepared():
            moved = [one for group in groups for one in _apply(group, wanted, now)]
        cursor.execute("SET plan_cache_mode = auto")  # after an error the transaction takes it back
    return moved


@contextmanager
def _prepared() -> Iterator[None]:
    """Statements are prepared when they run for the first time, unless the connection never prepares any."""
    session = connection.connection
    before = session.prepare_threshold
    session.prepare_threshold = None if before is None else 0
    try:
        yield
    finally:
        session.prepare_threshold = before


def _apply(group: tuple[Living, ...], wanted: Mapping[Living, Collection[int]], now: datetime) -> list[Moved]:
    wants: dict[int, int] = {}
    for n, living in enumerate(group):
        for person in wanted.get(living, ()):
            wants[person] = wants.get(person, 0) | 1 << n
    people = sorted(wants)
    if not people:
        return []
    ready = _statement(group)
    values = {"ids": people, "lanes": [lane_key(p) for p in people], "wants": [wants[p] for p in people], "at": now}
    with connection.cursor() as cursor:
        cursor.execute(ready.sql, resolve({**ready.recipe, **values}, now))
        return [(p, group[n], inside) for p, n, inside in cursor.fetchall()]


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
    """What a person is in, was in and is asked about are numbers with a bit for each segment: only where they differ,
    or time will change an answer, is she taken apart by segment."""
    asked = several([s.node for s in group])
    segments, generations = _arrays(group)
    inside = " | ".join(
        f"CASE WHEN (p.wants & {1 << n}) <> 0 AND {said} THEN {1 << n} ELSE 0 END::bigint"
        for n, (said, _) in enumerate(asked.said)
    )
    turning = [n for n, (_, turns) in enumerate(asked.said) if turns != "NULL::timestamptz"]
    turns = ", ".join(f"CASE WHEN (p.wants & {1 << n}) <> 0 THEN {asked.said[n][1]} END" for n in turning)
    sql = (
        "WITH batch AS MATERIALIZED (SELECT * FROM unnest(%(ids)s::bigint[], %(lanes)s::bigint[], %(wants)s::bigint[]) "
        "AS b(id, lane_key, wants)), "
        f"which AS MATERIALIZED (SELECT seg, gen, n::int - 1 AS n, 1::bigint << (n::int - 1) AS bit "
        f"FROM unnest({segments}, {generations}) WITH ORDINALITY AS w(seg, gen, n)), "
        f"x AS MATERIALIZED (SELECT p.id, p.lane_key, ({inside}) AS inside, coalesce(m.was, 0) & p.wants AS was, "
        f"{f'ARRAY[{turns}]' if turns else 'NULL::timestamptz[]'} AS turns FROM {asked.source} "
        f"LEFT JOIN LATERAL ({_was(segments, generations)}) m ON true), "
        "moved AS MATERIALIZED (SELECT x.id, w.seg, w.gen, w.n, (x.inside & w.bit) <> 0 AS inside "
        "FROM x JOIN which w ON ((x.inside # x.was) & w.bit) <> 0 WHERE x.inside <> x.was), "
        "entered AS (INSERT INTO audience_segmentmember (person_id, segment_id, generation, since) "
        "SELECT id, seg, gen, %(at)s::timestamptz FROM moved WHERE inside ON CONFLICT DO NOTHING), "
        "gone AS (DELETE FROM audience_segmentmember m USING moved x WHERE NOT x.inside AND m.person_id = x.id "
        "AND m.segment_id = x.seg AND m.generation = x.gen "
        "AND m.person_id = ANY(ARRAY(SELECT id FROM moved WHERE NOT inside)))"
    )
    if turning:
        sql += ", " + _due([group[n] for n in turning])
    return _Ready(f"{sql} SELECT id, n, inside FROM moved", asked.recipe)


def _arrays(group: Sequence[Living]) -> tuple[str, str]:
    segments, generations = ", ".join(str(int(s.id)) for s in group), ", ".join(str(int(s.generation)) for s in group)
    return f"ARRAY[{segments}]::bigint[]", f"ARRAY[{generations}]::int[]"


def _was(segments: str, generations: str) -> str:
    """The memberships of a person `p` in these generations."""
    return (
        "SELECT bit_or(1::bigint << (k.n - 1)) AS was FROM ("
        f"SELECT array_position({segments}, s.segment_id) AS n, s.generation FROM audience_segmentmember s "
        f"WHERE s.person_id = p.id OFFSET 0) k WHERE ({generations})[k.n] = k.generation OFFSET 0"
    )


def _due(turning: Sequence[Living]) -> str:
    """Notes the moments, unless she is due earlier anyway. That is looked up for each by the index (a value that is
    asked for cannot become a join): where all could turn, PostgreSQL would rather read whatever waits for anybody."""
    segments, generations = _arrays(turning)
    return (
        "due AS (INSERT INTO audience_segmentretest (lane_key, due_at, person_id, segment_id, generation) "
        "SELECT x.lane_key, t.turns, x.id, t.seg, t.gen FROM x "
        f"CROSS JOIN LATERAL unnest({segments}, {generations}, x.turns) AS t(seg, gen, turns) "
        "WHERE array_remove(x.turns, NULL) <> '{}' AND t.turns IS NOT NULL AND ("
        "SELECT true FROM audience_segmentretest r WHERE r.lane_key = x.lane_key AND r.person_id = x.id "
        "AND r.segment_id = t.seg AND r.generation = t.gen AND r.due_at <= t.turns LIMIT 1) IS NULL "
        "ON CONFLICT DO NOTHING)"
    )
