"""Scores and interests from facts of the past, which no reaction has heard (sample data, imports, changed rules)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from msgspec import json

from headwater.audience.models import Interest
from headwater.audience.rules import band
from headwater.timeline.actions import in_lane

from . import interests, scoring
from .book import Book


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
        _restore_by_hand(ids, book, now)
        events = _past(ids, [*book.rules, *interests.WEIGHTS], now)
        scoring.score(events, book, now, tell=False)
        interests.gather(events, book)


def _restore_by_hand(ids: list[int], book: Book, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, model_id, sum(points) FROM audience_scoreentry WHERE person_id = ANY(%s) GROUP BY 1, 2",
            [ids],
        )
        rows = []
        for person_id, model_id, points in cursor.fetchall():
            model = book.models[model_id]
            rows.append((person_id, model_id, int(points), band(int(points), model.warm, model.hot)))
    scoring.put(rows, now)


def _past(ids: list[int], kinds: list[str], now: datetime) -> list[Past]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, at, id, kind, data FROM timeline_fact WHERE person_id = ANY(%s) AND kind = ANY(%s) "
            "AND at <= %s ORDER BY person_id, at, id",
            [ids, sorted(set(kinds)), now],
        )
        return [Past(p, at, i, kind, json.decode(text)) for p, at, i, kind, text in cursor.fetchall()]
