"""Scores and interests from facts of the past, which no reaction has heard (sample data, imports, changed rules)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from msgspec import json

from headwater.audience.models import Interest
from headwater.timeline.actions import in_lane

from . import interests, scoring, standing
from .book import Book
from .ledger import insert


@dataclass(frozen=True, slots=True)
class Past:
    """A fact of the history, as scoring reads it."""

    person_id: int
    at: datetime
    id: UUID
    kind: str
    data: dict[str, Any]


def replay(people: Sequence[int], book: Book, now: datetime) -> None:
    """Compute these people's points by rule and their interests anew, in one transaction and without facts. Points
    given by hand stay."""
    ids = list(people)
    with in_lane(*ids):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audience_scoreentry WHERE person_id = ANY(%s) AND rule_id <> 0", [ids])
            cursor.execute("DELETE FROM audience_personscore WHERE person_id = ANY(%s)", [ids])
        Interest.objects.filter(person_id__in=ids).delete()
        events = past(ids, [*book.rules, *interests.WEIGHTS], now)
        delta = _by_hand(ids, book)
        lines = scoring.given(scoring.hits(events, book.rules), fresh=True) + interests.signs(events, book)
        for space in book.scales:
            lines += standing.begin(ids, space, book, now)
        for person_id, space, points in insert([line for line in lines if line.points]):
            delta[person_id, space] += points
        scoring.settle(delta, book, now, tell=False)


def _by_hand(ids: list[int], book: Book) -> dict[tuple[int, int], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, model_id, sum(points)::int FROM audience_scoreentry WHERE person_id = ANY(%s) "
            "GROUP BY 1, 2",
            [ids],
        )
        found = {(p, space): points for p, space, points in cursor.fetchall() if space in book.scales}
    return defaultdict(int, found)


def past(ids: list[int], kinds: list[str], now: datetime) -> list[Past]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, at, id, kind, data FROM timeline_fact WHERE person_id = ANY(%s) AND kind = ANY(%s) "
            "AND at <= %s ORDER BY person_id, at, id",
            [ids, sorted(set(kinds)), now],
        )
        return [Past(p, at, i, kind, json.decode(text)) for p, at, i, kind, text in cursor.fetchall()]
