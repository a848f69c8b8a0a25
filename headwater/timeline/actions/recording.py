"""Writing the log: `record` facts about people, keep anonymous ones, `adopt` them when the visitor is known."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from headwater.core import clock, wake
from headwater.core.actors import SYSTEM
from headwater.core.arrays import columns
from headwater.core.facts import Fact, as_json
from headwater.core.ids import random_ids
from headwater.core.lanes import LANE_KEYS, lane_key

from .. import registry
from . import gathering
from .writing import Row, insert

#: Clocks differ: a fact that says it happens up to so much later counts as one of now. Beyond, it is one of the future
#: and is held until its time comes. (The collector refuses those; capture.collect.wire has the same limit.)
AHEAD = timedelta(minutes=5)
#: Above this many people in one call, open record pages are not told one by one.
MAX_LIVE_PEOPLE = 20


@dataclass(slots=True)
class NewFact:
    """A fact to record. `id` makes it idempotent: the same (person_id, at, id) is recorded once."""

    person_id: int
    fact: Fact | Custom
    at: datetime | None = None
    id: uuid.UUID | None = None
    actor: str = SYSTEM
    #: The caller knows that no fact has this id: it need not be looked for
    fresh: bool = False


@dataclass(slots=True)
class Custom:
    """A fact of a kind that nobody declared (events from the API or from a site's own script); or one of very many of a
    kind that somebody did, as its `data()`."""

    kind: str
    payload: dict[str, Any]

    def data(self) -> dict[str, Any]:
        return self.payload


@contextmanager
def in_lane(*person_ids: int) -> Iterator[None]:
    """A transaction that takes the lane heads of these people first, in ascending key order.

    Every action that writes about people opens with it: taking heads first is what makes lane order the order of
    commit, and taking them in one order is what keeps two actions from waiting for each other.
    """
    keys = sorted({lane_key(p) for p in person_ids})
    held: set[int] = getattr(connection, "headwater_lanes", set())
    # Inside another `in_lane`, and inside `together`, a savepoint would only cost two statements more: who wants to go
    # on after an error has made one.
    with transaction.atomic(savepoint=not held and not gathering.on()):
        missing = [k for k in keys if k not in held]
        if missing:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT lane_key FROM timeline_lane WHERE lane_key = ANY(%s) ORDER BY lane_key FOR UPDATE",
                    [missing],
                )
        connection.headwater_lanes = held | set(missing)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            connection.headwater_lanes = held  # type: ignore[attr-defined]


def pass_lanes() -> None:
    """Wait until every transaction that holds a lane at this moment is over; whoever takes a lane from now on sees what
    is committed now. A lane that is busy is waited for by itself, so that nobody is held up behind it."""
    left = list(LANE_KEYS)
    head = "SELECT lane_key FROM timeline_lane WHERE lane_key = ANY(%s) ORDER BY lane_key FOR UPDATE"
    while left:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{head} SKIP LOCKED", [left])
            if not (passed := {key for (key,) in cursor.fetchall()}):
                cursor.execute(head, [left[:1]])
                passed = set(left[:1])
        left = [key for key in left if key not in passed]


def record(
    person_id: int,
    fact: Fact | Custom,
    *,
    actor: str = SYSTEM,
    at: datetime | None = None,
    id: uuid.UUID | None = None,
) -> uuid.UUID | None:
    """Record one fact about one person, in the caller's transaction.

    at: when it happened (aware; now if left out). id: makes the call idempotent. Returns the fact's id, or None
    where it had been recorded before.
    """
    done = record_many([NewFact(person_id, fact, at, id, actor)])
    return done[0] if done else None


def record_many(items: Sequence[NewFact]) -> list[uuid.UUID]:
    """Record facts about any number of people in a constant number of statements.

    Facts of one person keep the order in which they are given. Facts of the future (beyond AHEAD) are held: they
    enter the log when their time comes. Returns the ids of those that were new.
    """
    if not items:
        return []
    now = clock.now()
    ids = random_ids(len(items))
    rows = [
        (i.person_id, i.at or now, i.id or made, i.fact.kind, as_json(i.fact.data()), i.actor)
        for i, made in zip(items, ids, strict=True)
    ]
    fresh = [i.id is None or i.fresh for i in items]
    with in_lane(*{i.person_id for i in items}):
        edge = now + AHEAD
        later = [r for r in rows if r[1] > edge]
        if gathering.on() and not later and all(fresh):
            people = {r[0] for r in rows}
            gathering.keep(rows, [f"person:{p}" for p in people] if len(people) <= MAX_LIVE_PEOPLE else [])
            return [r[2] for r in rows]
        gathering.write()  # what was recorded before these comes before them
        held = hold(later)
        if later:
            fresh = [known for known, r in zip(fresh, rows, strict=True) if r[1] <= edge]
            rows = [r for r in rows if r[1] <= edge]
        new = insert(rows, now, fresh)
        people = {r[0] for r in new}
        topics = [f"person:{p}" for p in people] if len(people) <= MAX_LIVE_PEOPLE else []
        if new:
            wake.notify([*topics, "facts"])
    return [*(r[2] for r in new), *held]


def record_history(rows: Iterable[tuple[int, datetime, uuid.UUID, str, dict[str, Any], str]]) -> int:
    """Copy facts of the past (imports, sample data) into the history without waking any reaction.

    rows: (person_id, at, id, kind, data, actor). Returns how many were copied. Months must have partitions
    (`partitions.ensure`). Raises IntegrityError on a fact that is there already.
    """
    now = clock.now()
    count = 0
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY timeline_fact (person_id, at, id, kind, data, actor, recorded_at) FROM STDIN") as copy,
    ):
        for person_id, at, id_, kind, data, actor in rows:
            copy.write_row((person_id, at, id_, kind, as_json(data), actor, now))
            count += 1
    return count


def record_anonymous(rows: Sequence[tuple[int, datetime, uuid.UUID, str, dict[str, Any]]]) -> None:
    """Keep facts about visitors who are still anonymous: (visitor_id, at, id, kind, data)."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO timeline_visitorfact (visitor_id, at, id, kind, data, recorded_at) "
            "SELECT *, %s FROM unnest(%s::bigint[], %s::timestamptz[], %s::uuid[], %s::text[], %s::jsonb[]) "
            "ON CONFLICT DO NOTHING",
            [clock.now(), *columns([(v, at, i, k, as_json(d)) for v, at, i, k, d in rows])],
        )


def adopt(pairs: Sequence[tuple[int, int]]) -> int:
    """Move the anonymous past of visitors to the people they turned out to be: (visitor_id, person_id).

    The facts keep their time and id and enter the person's lane now, so that reactions hear them. Returns how many
    moved.
    """
    if not pairs:
        return 0
    person_of = dict(pairs)
    with in_lane(*person_of.values()):
        gathering.write()
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM timeline_visitorfact WHERE visitor_id = ANY(%s) "
                "RETURNING visitor_id, at, id, kind, data::text",
                [list(person_of)],
            )
            moved = sorted(cursor.fetchall(), key=lambda r: (r[1], r[2]))
        rows = [(person_of[v], at, i, kind, data, "visitor") for v, at, i, kind, data in moved]
        new = insert(rows, clock.now())
        if new:
            wake.notify(["facts"])
    return len(new)


def ensure_consumers() -> None:
    """Give every registered consumer a position in every lane. New ones start at the present."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name in registry.consumers():
            cursor.execute(
                "INSERT INTO timeline_laneposition (lane_key, consumer, seq) "
                "SELECT lane_key, %s, head FROM timeline_lane WHERE lane_key = ANY(%s) ON CONFLICT DO NOTHING",
                [name, list(LANE_KEYS)],
            )


def hold(rows: Sequence[Row]) -> list[uuid.UUID]:
    """Keep facts of the future until their time comes. The caller holds the lanes. Returns the ids of the new ones."""
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO timeline_heldfact (lane_key, due_at, person_id, id, kind, data, actor) "
            "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::uuid[], %s::text[], %s::jsonb[], "
            "%s::text[]) ON CONFLICT DO NOTHING RETURNING id",
            columns([(lane_key(p), at, p, i, kind, data, who) for p, at, i, kind, data, who in rows]),
        )
        return [i for (i,) in cursor.fetchall()]


def release(limit: int = 1000) -> int:
    """Let facts whose time has come into the log, in order of time. Returns how many."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT person_id FROM (SELECT person_id FROM timeline_heldfact WHERE due_at <= %s "
            "ORDER BY due_at LIMIT %s) d",
            [now, limit],
        )
        people = [p for (p,) in cursor.fetchall()]
    if not people:
        return 0
    with in_lane(*people):
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM timeline_heldfact WHERE lane_key = ANY(%s) AND due_at <= %s AND person_id = ANY(%s) "
                "RETURNING person_id, due_at, id, kind, data::text, actor",
                [sorted({lane_key(p) for p in people}), now, people],
            )
            rows = sorted(cursor.fetchall(), key=lambda r: (r[1], r[2]))
        new = insert(rows, now)
        if new:
            wake.notify([*(f"person:{p}" for p in people[:MAX_LIVE_PEOPLE]), "facts"])
    return len(rows)
