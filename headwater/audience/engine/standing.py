"""Rules that give points for as long as a condition holds ("job title contains Director").

Such a rule is tested with the segments, in the same statement and by the same re-tests (`book.Living` with the id of
the rule below zero): whoever comes in gets a line of the ledger, whoever leaves gets one that takes the points back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from django.db import connection

from headwater.audience.rules import STANDS
from headwater.core.lanes import lane_key

from . import batch
from .book import Book, Living
from .ledger import Entry


def lines(moved: Sequence[batch.Moved], book: Book, now: datetime) -> list[Entry]:
    """The lines for (person, rule, whether its condition holds now)."""
    out = []
    for person_id, living, inside in moved:
        rule = book.standing.get((living.id, living.generation))
        if rule is not None:
            points = rule.points if inside else -rule.points
            out.append(Entry(person_id, now, uuid4(), rule.id, rule.space, points, STANDS))
    return out


def begin(people: Sequence[int], space: int, book: Book, now: datetime) -> list[Entry]:
    """Test all rules that stand in a space from scratch for these people; the lines of those that hold."""
    asked = [s for s in book.segments if s.id < 0 and s.generation == space]
    if not asked:
        return []
    forget(people, asked)
    return lines(batch.apply(asked, dict.fromkeys(asked, people), now), book, now)


def level(
    people: Sequence[int], space: int, had: Mapping[tuple[int, int], int], book: Book, now: datetime
) -> list[Entry]:
    """The same where the ledger holds points of these rules already, (person, rule) -> points: lines that bring them
    to what they must be."""
    inside = {(line.person_id, line.rule_id): line.points for line in begin(people, space, book, now)}
    rules = {rule.id for (_, where), rule in book.standing.items() if where == space}
    out = []
    for key in {*inside, *(key for key in had if key[1] in rules)}:
        points = inside.get(key, 0) - had.get(key, 0)
        if points:
            out.append(Entry(key[0], now, uuid4(), key[1], space, points, STANDS))
    return out


def forget(people: Sequence[int], asked: Sequence[Living]) -> None:
    """Take what is known of these rules and people out of the tables."""
    pairs = [[s.id for s in asked], [s.generation for s in asked]]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audience_segmentmember m USING unnest(%s::bigint[], %s::int[]) AS w(s, g) "
            "WHERE m.person_id = ANY(%s) AND m.segment_id = w.s AND m.generation = w.g",
            [*pairs, list(people)],
        )
        cursor.execute(
            "DELETE FROM audience_segmentretest r USING unnest(%s::bigint[], %s::int[]) AS w(s, g) "
            "WHERE r.lane_key = ANY(%s) AND r.person_id = ANY(%s) AND r.segment_id = w.s AND r.generation = w.g",
            [*pairs, sorted({lane_key(p) for p in people}), list(people)],
        )
