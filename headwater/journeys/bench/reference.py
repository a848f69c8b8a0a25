"""The reference: the rows that the engine has just written, written again by bare set-based SQL into tables of the same
kind, with the same indexes, by as many processes. Nothing is asked, decided or told."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, connections

from headwater.core.lanes import LANES, lane_key, lane_of
from headwater.core.worker import as_engine

#: table -> the same, for the reference
COPIES = {
    "journeys_passage": "bench_passage",
    "journeys_stretch": "bench_stretch",
    "journeys_due": "bench_due",
    "timeline_fact": "bench_fact",
    "timeline_lanelog": "bench_lanelog",
    "audience_scoreentry": "bench_entry",
    "audience_personscore": "bench_score",
    "people_contact": "bench_contact",
}
MINE = "person_id = ANY(%(people)s)"
FACTS = (
    "INSERT INTO bench_fact (person_id, at, id, kind, data, actor, recorded_at, seq) "
    "SELECT person_id, at, id, kind, data, actor, recorded_at, seq FROM timeline_fact "
    f"WHERE {MINE} AND at >= %(since)s AND kind = ANY(%(kinds)s)"
)
IN_LANE = (
    "INSERT INTO bench_lanelog SELECT lane_key, seq, person_id, at, id, kind, data, actor, recorded_at "
    f"FROM bench_from WHERE {MINE} AND kind = ANY(%(kinds)s)"
)
STRETCH = f"INSERT INTO bench_stretch SELECT * FROM journeys_stretch WHERE {MINE} AND hop = %(hop)s"
DUE = (
    "INSERT INTO bench_due SELECT v.l, %(now)s::timestamptz + %(hop)s * interval '1 second', p.person_id, p.id "
    "FROM unnest(%(lanes)s::bigint[], %(people)s::bigint[]) AS v(l, p) JOIN journeys_passage p ON p.person_id = v.p "
    "WHERE p.person_id = ANY(%(people)s)"
)
UNDUE = f"DELETE FROM bench_due WHERE {MINE} AND lane_key = ANY(%(lanes)s)"
MOVE = (
    "UPDATE bench_passage SET step = %(step)s, state = %(state)s, hops = %(hop)s, moved_at = %(now)s, until = %(now)s, "
    f"due_at = %(now)s WHERE {MINE}"
)
TAG = (
    "UPDATE bench_contact SET tags = tags || ARRAY[%(mark)s]::varchar[], updated_at = %(now)s "
    "WHERE id = ANY(%(people)s)"
)
FIELD = (
    "UPDATE bench_contact SET custom = jsonb_set(custom, '{bench}', to_jsonb(%(mark)s::text)), updated_at = %(now)s "
    "WHERE id = ANY(%(people)s)"
)
COUNT = "UPDATE bench_counts SET n = n + 1 WHERE lane = %(lane)s"
FIRST = ["journey.entered", "tag.added", "score.changed"]
_SAID = (FACTS, IN_LANE)
#: What the three transactions of a person's way write: entering, waking, waking again. `was`: the number of the first
#: step, `hop`: of the one at which she stops
TURNS: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
    (
        {"was": 0, "hop": 3, "step": "calm", "state": "waiting", "kinds": FIRST},
        (
            f"INSERT INTO bench_passage SELECT * FROM journeys_passage WHERE {MINE}",
            f"INSERT INTO bench_entry SELECT * FROM audience_scoreentry WHERE {MINE} AND at >= %(since)s",
            f"INSERT INTO bench_score SELECT * FROM audience_personscore WHERE {MINE}",
            *(TAG, DUE, *_SAID),
        ),
    ),
    (
        {"was": 3, "hop": 8, "step": "heard", "state": "waiting", "kinds": ["contact.updated"]},
        (UNDUE, FIELD, DUE, MOVE, *_SAID),
    ),
    ({"was": 8, "hop": 10, "step": "end", "state": "finished", "kinds": ["journey.finished"]}, (UNDUE, MOVE, *_SAID)),
)


def written(people: Sequence[int], mark: str, since: datetime, workers: int, chunk: int) -> float:
    """Seconds in which bare SQL writes what the engine wrote for these people since then."""
    _tables(since, mark)
    connections.close_all()
    began = time.perf_counter()
    children = []
    for n in range(workers):
        pid = os.fork()
        if pid == 0:
            _write([p for p in people if lane_of(p) * workers // LANES == n], mark, since, chunk)
        children.append(pid)
    failed = [pid for pid in children if os.waitpid(pid, 0)[1] != 0]
    took = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM bench_stretch), (SELECT count(*) FROM bench_fact)")
        made = cursor.fetchone()
        cursor.execute(
            "SELECT (SELECT count(*) FROM journeys_stretch), (SELECT count(*) FROM timeline_fact WHERE at >= %s)",
            [since],
        )
        if failed or made != cursor.fetchone():
            raise RuntimeError(f"the reference did not write the same rows: {made}")
        cursor.execute(f"DROP TABLE bench_from, bench_counts, {', '.join(COPIES.values())}")
    return took


def _tables(since: datetime, mark: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS bench_from, bench_counts, {', '.join(COPIES.values())}")
        for table, copy in COPIES.items():
            cursor.execute(f"CREATE TABLE {copy} (LIKE {table} INCLUDING ALL)")
        cursor.execute("INSERT INTO bench_contact SELECT * FROM people_contact")
        cursor.execute("UPDATE bench_contact SET tags = array_remove(tags, %s), custom = custom - 'bench'", [mark])
        # The lanes' log has no index by person: what is to be written comes from a copy that has one
        cursor.execute("CREATE TABLE bench_from AS SELECT * FROM timeline_lanelog WHERE at >= %s", [since])
        cursor.execute("CREATE INDEX ON bench_from (person_id)")
        cursor.execute("CREATE TABLE bench_counts AS SELECT generate_series(0, 255) AS lane, 0::bigint AS n")
        cursor.execute("VACUUM (ANALYZE) bench_contact, bench_from, bench_counts")


def _write(people: Sequence[int], mark: str, since: datetime, chunk: int) -> None:
    status = 1
    try:
        as_engine()
        ordered = sorted(people)
        parts = [ordered[n : n + chunk] for n in range(0, len(ordered), chunk)]
        for more, statements in TURNS:
            for part in parts:
                _turn(part, {**more, "mark": mark, "since": since, "now": since}, statements)
        connections.close_all()
        status = 0
    finally:
        os._exit(status)


def _turn(people: list[int], values: dict[str, Any], statements: Sequence[str]) -> None:
    args: dict[str, Any] = {
        **values,
        "people": people,
        "lanes": [lane_key(p) for p in people],
        "lane": lane_of(people[0]),
    }
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        for sql in statements:
            cursor.execute(sql, args)
        cursor.execute(STRETCH, {**args, "hop": values["was"]})
        cursor.execute(COUNT, args)
        cursor.execute("COMMIT")
