"""Rows of the log: history and lane, in the caller's transaction, whose lane heads are held."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.db import connection

from headwater.core.arrays import columns
from headwater.core.copying import copy_in, escaped
from headwater.core.lanes import lane_key

#: (person_id, at, id, kind, data as JSON, actor)
Row = tuple[int, datetime, uuid.UUID, str, str, str]

#: History and lane in one statement; a fact that is there already goes into neither.
INSERT = (
    "WITH n AS MATERIALIZED (SELECT *, %s::timestamptz AS r FROM unnest(%s::bigint[], %s::timestamptz[], %s::uuid[], "
    "%s::text[], %s::jsonb[], %s::text[], %s::bigint[], %s::bigint[]) AS u(p, a, i, k, d, w, l, s)), "
    "f AS (INSERT INTO timeline_fact (person_id, at, id, kind, data, actor, recorded_at, seq) "
    "SELECT p, a, i, k, d, w, r, s FROM n ON CONFLICT (person_id, at, id) DO NOTHING RETURNING person_id, seq) "
    "INSERT INTO timeline_lanelog (lane_key, seq, person_id, at, id, kind, data, actor, recorded_at) "
    "SELECT n.l, n.s, n.p, n.a, n.i, n.k, n.d, n.w, n.r FROM n JOIN f ON f.person_id = n.p AND f.seq = n.s "
    "RETURNING person_id, seq"
)
#: From so many facts on that are known to be new they are copied: half the work of an INSERT, but two answers to wait
#: for instead of one
MANY = 200
FACTS = "COPY timeline_fact (seq, person_id, at, id, kind, data, actor, recorded_at) FROM STDIN"
LANES = "COPY timeline_lanelog (lane_key, seq, person_id, at, id, kind, data, actor, recorded_at) FROM STDIN"


def insert(rows: Sequence[Row], now: datetime, fresh: Sequence[bool] = ()) -> list[Row]:
    """Write facts; those of one person keep the order in which they are given. fresh: for each row, whether the caller
    knows that no fact has its id. Returns the rows that were new."""
    if not rows:
        return []
    seqs = _seqs(rows)
    sure = sum(fresh)
    if sure < MANY:
        return _insert(rows, seqs, now)
    if sure == len(rows):
        _copy(rows, seqs, now)
        return list(rows)
    places = range(len(rows))
    mine = [n for n in places if fresh[n]]
    _copy([rows[n] for n in mine], [seqs[n] for n in mine], now)
    rest = [n for n in places if not fresh[n]]
    new = {r[:3] for r in _insert([rows[n] for n in rest], [seqs[n] for n in rest], now)}
    return [r for r, known in zip(rows, fresh, strict=True) if known or r[:3] in new]


def _seqs(rows: Sequence[Row]) -> list[int]:
    """The place of each row in its lane; the lanes' heads move on."""
    keys = [lane_key(r[0]) for r in rows]
    per_lane = Counter(keys)
    with connection.cursor() as cursor:
        if len(per_lane) == 1:  # the form that a cluster sends to one shard
            cursor.execute(
                "UPDATE timeline_lane SET head = head + %s WHERE lane_key = %s RETURNING lane_key, head",
                [len(rows), *per_lane],
            )
        else:
            cursor.execute(
                "UPDATE timeline_lane l SET head = head + v.k FROM unnest(%s::bigint[], %s::bigint[]) AS v(key, k) "
                "WHERE l.lane_key = v.key RETURNING l.lane_key, l.head",
                [list(per_lane), list(per_lane.values())],
            )
        place = {key: head - per_lane[key] for key, head in cursor.fetchall()}
    out = []
    for key in keys:
        place[key] += 1
        out.append(place[key])
    return out


def _insert(rows: Sequence[Row], seqs: Sequence[int], now: datetime) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [now, *columns(rows), [lane_key(r[0]) for r in rows], list(seqs)])
        new = set(cursor.fetchall())
    return [r for r, s in zip(rows, seqs, strict=True) if (r[0], s) in new]


def _copy(rows: Sequence[Row], seqs: Sequence[int], now: datetime) -> None:
    times = {now: str(now)}
    end = f"\t{now}\n"
    lines = []
    for (person, at, id_, kind, data, actor), seq in zip(rows, seqs, strict=True):
        when = times.get(at)
        if when is None:
            when = times[at] = str(at)
        if "\\" in data:
            data = data.replace("\\", "\\\\")
        lines.append(f"{seq}\t{person}\t{when}\t{id_.int:032x}\t{_escaped(kind)}\t{data}\t{_escaped(actor)}{end}")
    copy_in(FACTS, "".join(lines))
    copy_in(LANES, "".join([f"{lane_key(row[0])}\t{line}" for row, line in zip(rows, lines, strict=True)]))


#: Kinds and actors are few
_escaped = lru_cache(maxsize=2000)(escaped)
