"""Scores that follow the ledger again, where it has changed hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection

from headwater.timeline.actions import record_many

from ..engine import interests, scoring
from ..engine.book import Book
from ..engine.ledger import turned
from ..models import PersonScore
from ..rules import band_of

#: A person's scores: space -> (points, band)
Had = Mapping[int, tuple[int, str]]


def recount(person_ids: Sequence[int], book: Book, now: datetime) -> None:
    """Set these people's scores and interests to what their ledger is worth, without facts."""
    people = list(person_ids)
    rows = PersonScore.objects.filter(person_id__in=people)
    had = {(r.person_id, r.model_id): (r.points, r.band, r.turns_at) for r in rows}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT person_id, model_id FROM audience_scoreentry WHERE person_id = ANY(%s)", [people]
        )
        keys = {(p, space) for p, space in (*cursor.fetchall(), *had) if space in book.every}
    worth = turned(keys, book, now)
    scored = {key: of for key, of in worth.items() if key[1] > 0}
    new = [(*key, points, band_of(points, book.scales[key[1]].bands), turns) for key, (points, turns) in scored.items()]
    scoring.put([row for row in new if had.get(row[:2]) != row[2:]], now, book)
    interests.put([(*key, points, turns, False) for key, (points, turns) in worth.items() if key[1] < 0], now)


def tell(person_id: int, had: Had, book: Book, now: datetime) -> None:
    """Record the bands and thresholds that a person's scores passed, from what they were."""
    told = []
    for row in PersonScore.objects.filter(person_id=person_id):
        scale = book.scales.get(row.model_id)
        if scale is not None and not scale.building:
            before = had.get(row.model_id) or (0, band_of(0, scale.bands))
            told += scoring.news(person_id, scale, before, (row.points, row.band), now)
    record_many(told)
