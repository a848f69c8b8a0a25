"""Reading a person's timeline: one indexed read however long it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from msgspec import json

from headwater.core.arrays import columns
from headwater.core.facts import KINDS, Fact, Group, Look, look_of, revive
from headwater.core.lanes import lane_key


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a timeline. `fact` is None for kinds that nobody declared."""

    person_id: int
    at: datetime
    id: UUID
    kind: str
    data: dict[str, Any]
    actor: str
    look: Look
    fact: Fact | None

    @property
    def cursor(self) -> str:
        """Where to go on from: pass it as `before`."""
        return f"{self.at.isoformat()}~{self.id}"


def kinds_of(groups: Sequence[Group]) -> list[str]:
    """The declared kinds that belong to these groups."""
    return [kind for kind, cls in KINDS.items() if cls.look.group in groups]


def read(
    person_id: int,
    *,
    before: str = "",
    after: str = "",
    limit: int = 30,
    kinds: Sequence[str] | None = None,
    quiet: bool = False,
) -> list[Entry]:
    """A page of one person's timeline, newest first.

    before: the `cursor` of the last entry of the page above ("" for the first page). after: only what is newer than
    this cursor. kinds: only these. quiet: also facts that are kept off pages. Raises ValueError on a malformed cursor.
    """
    return read_many([person_id], before=before, after=after, limit=limit, kinds=kinds, quiet=quiet)


def read_many(
    person_ids: Sequence[int],
    *,
    before: str = "",
    after: str = "",
    limit: int = 30,
    kinds: Sequence[str] | None = None,
    quiet: bool = False,
) -> list[Entry]:
    """The same over several people (a company's timeline)."""
    where, args = ["person_id = ANY(%s)"], [list(person_ids)]
    if before:
        moment, last = _point(before)
        where.append("at <= %s AND (at, id) < (%s, %s)")
        args += [moment, moment, last]  # type: ignore[list-item]
    if after:
        moment, last = _point(after)
        where.append("at >= %s AND (at, id) > (%s, %s)")
        args += [moment, moment, last]  # type: ignore[list-item]
    if kinds is not None:
        where.append("kind = ANY(%s)")
        args.append(list(kinds))  # type: ignore[arg-type]
    hidden = [] if quiet else [kind for kind, cls in KINDS.items() if cls.look.quiet]
    if hidden:
        where.append("kind <> ALL(%s)")
        args.append(hidden)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, at, id, kind, data, actor FROM timeline_fact "
            f"WHERE {' AND '.join(where)} ORDER BY at DESC, id DESC LIMIT %s",
            [*args, limit],
        )
        rows = cursor.fetchall()
    out = []
    for person, moment, fact_id, kind, text, actor in rows:
        data = json.decode(text)  # Django leaves jsonb of raw queries as text
        out.append(Entry(person, moment, fact_id, kind, data, actor, look_of(kind), revive(kind, data)))
    return out


def _point(cursor: str) -> tuple[datetime, UUID]:
    at, _, fact_id = cursor.partition("~")
    try:
        return datetime.fromisoformat(at), UUID(fact_id)
    except ValueError as error:
        raise ValueError(f"not a timeline cursor: {cursor!r}") from error


def anonymous_counts(visitor_ids: Sequence[int]) -> dict[int, int]:
    """How many facts wait in the anonymous past of these visitors; those without any are left out."""
    if not visitor_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT visitor_id, count(*) FROM timeline_visitorfact WHERE visitor_id = ANY(%s) GROUP BY 1",
            [list(visitor_ids)],
        )
        return dict(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Unheard:
    """A fact that a consumer has not read yet."""

    person_id: int
    kind: str
    at: datetime
    data: dict[str, Any]


def unheard(consumer: str, kinds: Sequence[str], person_ids: Collection[int]) -> list[Unheard]:
    """Facts of these kinds about these people that a consumer has not read yet, in order. Where the lanes of the people
    are held it is certain: what is not here has had its effect. Costs next to nothing while there is no backlog."""
    if not person_ids or not kinds:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.lane_key, p.seq, l.head FROM timeline_laneposition p JOIN timeline_lane l USING (lane_key) "
            "WHERE p.consumer = %s AND p.lane_key = ANY(%s) AND l.head > p.seq",
            [consumer, sorted({lane_key(p) for p in person_ids})],
        )
        behind = cursor.fetchall()
        if not behind:
            return []
        keys = {key for key, _, _ in behind}
        cursor.execute(
            "SELECT g.person_id, g.kind, g.at, g.data::text FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) "
            "AS v(lane_key, seq, head) JOIN timeline_lanelog g ON g.lane_key = v.lane_key AND g.seq > v.seq "
            "AND g.seq <= v.head WHERE g.kind = ANY(%s) AND g.person_id = ANY(%s) ORDER BY g.lane_key, g.seq",
            [
                *columns(behind),
                list(kinds),
                [p for p in person_ids if lane_key(p) in keys],
            ],
        )
        return [Unheard(person, kind, at, json.decode(data)) for person, kind, at, data in cursor.fetchall()]
