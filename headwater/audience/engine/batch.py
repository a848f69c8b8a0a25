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

from .book import Living

#: (person, segment, whether she is in now)
Moved = tuple[int, Living, bool]
#: Segments asked by one statement, and sets of segments whose statement is kept
TOGETHER, KEPT = 60, 200


@dataclass(frozen=True)
class _Ready:
    sql: str
    recipe: dict[str, Any]


_ready: OrderedDict[tuple[Living, ...], _Ready] = OrderedDict()


def apply(segments: Sequence[Living], people: Sequence[int], now: datetime) -> list[Moved]:
    """Test these people against each of these segments and write the outcome. Returns who moved."""
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
    asked = several([s.node for s in group])
    rows = ", ".join(
        f"({int(s.id)}::bigint, {int(s.generation)}::int, {inside}, {turns})"
        for s, (inside, turns) in zip(group, asked.said, strict=True)
    )
    mine = "m.person_id = ANY(%(ids)s::bigint[]) AND m.segment_id = x.seg AND m.generation = x.gen"
    sql = (
        "WITH x AS MATERIALIZED ("
        f"SELECT p.id, v.seg, v.gen, v.inside, v.turns FROM {asked.source} "
        f"CROSS JOIN LATERAL (VALUES {rows}) AS v(seg, gen, inside, turns)"
        "), moved AS MATERIALIZED ("
        "SELECT x.id, x.seg, x.gen, x.inside FROM x "
        f"LEFT JOIN audience_segmentmember m ON m.person_id = x.id AND {mine} "
        "WHERE x.inside <> (m.person_id IS NOT NULL)"
        "), entered AS ("
        "INSERT INTO audience_segmentmember (person_id, segment_id, generation, since) "
        "SELECT id, seg, gen, %(at)s::timestamptz FROM moved WHERE inside ON CONFLICT DO NOTHING"
        "), gone AS ("
        "DELETE FROM audience_segmentmember m USING moved x "
        f"WHERE NOT x.inside AND m.person_id = x.id AND {mine}"
        ")"
    )
    if any(turns != "NULL::timestamptz" for _, turns in asked.said):
        sql += (
            ", due AS ("
            "INSERT INTO audience_segmentretest (lane_key, due_at, person_id, segment_id, generation) "
            "SELECT l.lane_key, x.turns, x.id, x.seg, x.gen FROM x "
            "JOIN unnest(%(ids)s::bigint[], %(lanes)s::bigint[]) AS l(id, lane_key) ON l.id = x.id "
            "WHERE x.turns IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audience_segmentretest r "
            "WHERE r.lane_key = l.lane_key AND r.person_id = x.id AND r.segment_id = x.seg AND r.generation = x.gen "
            "AND r.due_at <= x.turns) ON CONFLICT DO NOTHING"
            ")"
        )
    return _Ready(f"{sql} SELECT id, seg, gen, inside FROM moved", asked.recipe)
