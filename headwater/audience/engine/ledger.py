"""The ledger: its lines, what those of a person are worth at a moment, and when that changes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.db import connection

from headwater.audience.rules import STANDS, Given, next_turn, points_at
from headwater.core.arrays import columns

if TYPE_CHECKING:
    from .book import Book
    from .scales import Scale

#: (person, space) -> points now, and when time alone changes them next
Worth = dict[tuple[int, int], tuple[int, datetime | None]]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Happened(Protocol):
    """What scoring needs to know of a fact (timeline's Event has it)."""

    @property
    def person_id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    person_id: int
    at: datetime
    fact_id: UUID
    rule_id: int
    model_id: int  # the space
    points: int
    kind: str
    reason: str = ""
    actor: str = "system"


def second_of(at: datetime) -> int:
    """Whole seconds of the epoch."""
    return (at - EPOCH) // timedelta(seconds=1)


def insert(entries: list[Entry]) -> list[tuple[int, int, int]]:
    """Write what is not in the ledger yet; returns (person, space, points) of it."""
    if not entries:
        return []
    rows = [(e.person_id, e.at, e.fact_id, e.rule_id, e.model_id, e.points, e.kind, e.reason, e.actor) for e in entries]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_scoreentry (person_id, at, fact_id, rule_id, model_id, points, kind, reason, actor) "
            "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::uuid[], %s::bigint[], %s::bigint[], %s::int[], "
            "%s::text[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING RETURNING person_id, model_id, points",
            columns(rows, 9),
        )
        return list(cursor.fetchall())


def lines(
    keys: Iterable[tuple[int, int]], scales: Mapping[int, Scale], now: datetime
) -> dict[tuple[int, int], list[Given]]:
    """The lines of (person, space) pairs that may still be worth something, in one statement."""
    wanted = list(keys)
    out: dict[tuple[int, int], list[Given]] = {key: [] for key in wanted}
    rows = [(person_id, space, _edge(scales[space], now)) for person_id, space in wanted]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.person_id, s.model_id, s.points, floor(extract(epoch FROM s.at))::bigint, s.kind = %s "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS n(p, m, edge) "
            "JOIN audience_scoreentry s ON s.person_id = n.p AND s.model_id = n.m "
            "AND (s.at >= n.edge OR s.kind = %s) WHERE s.person_id = ANY(%s)",
            [STANDS, *columns(rows, 3), STANDS, list({p for p, _ in wanted})],
        )
        for person_id, space, points, second, stands in cursor.fetchall():
            out[person_id, space].append(Given(points, second, stands))
    return out


def _edge(scale: Scale, now: datetime) -> datetime:
    window = scale.decay.window
    return EPOCH if window is None else max(EPOCH, now - timedelta(seconds=window + 1))


def turned(keys: Iterable[tuple[int, int]], book: Book, now: datetime) -> Worth:
    """(person, space) -> points now, and when time alone changes them next."""
    second = second_of(now)
    out = {}
    for key, given in lines(keys, book.every, now).items():
        decay = book.every[key[1]].decay
        turn = next_turn(given, decay, second)
        out[key] = (points_at(given, decay, second), None if turn is None else EPOCH + timedelta(seconds=turn))
    return out
