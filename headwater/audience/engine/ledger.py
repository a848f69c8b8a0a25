"""Reading the ledger: what a person's lines are worth at a moment, and when that changes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from headwater.audience.rules import STANDS, Given, next_turn, points_at

if TYPE_CHECKING:
    from .book import Book
    from .scales import Scale

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as the arrays that unnest takes."""
    return [list(c) for c in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def second_of(at: datetime) -> int:
    """Whole seconds of the epoch."""
    return (at - EPOCH) // timedelta(seconds=1)


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


def turned(
    keys: Iterable[tuple[int, int]], book: Book, now: datetime
) -> dict[tuple[int, int], tuple[int, datetime | None]]:
    """(person, space) -> points now, and when time alone changes them next."""
    second = second_of(now)
    out = {}
    for key, given in lines(keys, book.scales, now).items():
        decay = book.scales[key[1]].decay
        turn = next_turn(given, decay, second)
        out[key] = (points_at(given, decay, second), None if turn is None else EPOCH + timedelta(seconds=turn))
    return out
