"""Scores that follow the ledger again, where it has changed hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from ..engine import scoring
from ..engine.book import Book
from ..models import PersonScore
from ..rules import band


def recount(person_ids: Sequence[int], book: Book, now: datetime) -> None:
    """Set these people's scores to what their ledger adds up to, without facts."""
    people = list(person_ids)
    had = {(p, m): (points, was) for p, m, points, was in _scores(people)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, model_id, sum(points) FROM audience_scoreentry WHERE person_id = ANY(%s) GROUP BY 1, 2",
            [people],
        )
        sums = {(p, m): int(points) for p, m, points in cursor.fetchall()}
    rows = []
    for person, space in {*sums, *had}:
        model = book.models.get(space)
        warm, hot = (model.warm, model.hot) if model else (20, 60)
        points = sums.get((person, space), 0)
        rows.append((person, space, points, band(points, warm, hot)))
    scoring.put([row for row in rows if had.get(row[:2]) != row[2:]], now)
    without = [p for p in people if not any(key[0] == p for key in sums)]
    PersonScore.objects.filter(person_id__in=without).delete()


def _scores(people: Sequence[int]) -> list[Any]:
    rows = PersonScore.objects.filter(person_id__in=list(people))
    return list(rows.values_list("person_id", "model_id", "points", "band"))


def keep_times(before: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Where a score is what it was, it has been so since then."""
    rows = [row for person in before.values() for row in person]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audience_personscore s SET updated_at = x.a "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::timestamptz[]) AS x(p, m, n, a) "
            "WHERE s.person_id = x.p AND s.model_id = x.m AND s.points = x.n",
            [
                [r["person_id"] for r in rows],
                [r["model_id"] for r in rows],
                [r["points"] for r in rows],
                [datetime.fromisoformat(r["updated_at"]) for r in rows],
            ],
        )
