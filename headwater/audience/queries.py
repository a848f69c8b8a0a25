"""Reading scores, interests and segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Count

from headwater.core import clock

from .compiler import Answer, Scope, explain, parse, parse_segment, statement
from .engine.book import book
from .models import Interest, PersonScore, Picked, ScoreEntry, ScoreModel, ScoreRule, Segment, SegmentMember, Topic
from .registry import Use, uses
from .rules import COLD, band

ENGAGEMENT = "engagement"


@dataclass(frozen=True, slots=True)
class Score:
    points: int
    band: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger."""

    at: datetime
    points: int
    why: str
    kind: str
    fact_id: UUID
    rule_id: int
    actor: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`points` is the sum of the points of all lines."""

    model: str
    points: int
    band: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class TopicInterest:
    key: str
    name: str
    hue: int
    weight: int
    last_at: datetime


def matching(condition: Any, person_ids: Sequence[int]) -> set[int]:
    """Those of these people for whom the condition (JSON of a segment) holds now. Raises ConditionError."""
    if not person_ids:
        return set()
    said = statement(parse(condition), scope=Scope(ids=list(person_ids)), timeless=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT p.id FROM {said.source} WHERE {said.inside}", said.params(clock.now()))
        return {row[0] for row in cursor.fetchall()}


def scores(person_ids: Sequence[int], model: str = ENGAGEMENT) -> dict[int, Score]:
    """The score of each of these people; those who have none are cold with 0 points."""
    out = {p: Score(0, COLD) for p in person_ids}
    if not out:
        return out
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, points, band FROM audience_personscore WHERE person_id = ANY(%s) "
            "AND model_id = (SELECT id FROM audience_scoremodel WHERE key = %s)",
            [list(out), model],
        )
        out.update({p: Score(points, band) for p, points, band in cursor.fetchall()})
    return out


def explain_score(person_id: int, model: str = ENGAGEMENT) -> Explanation:
    """Every line that makes the score, newest first; they add up to the points exactly."""
    found = ScoreModel.objects.filter(key=model).first()
    if found is None:
        return Explanation(model, 0, COLD, [])
    names = dict(ScoreRule.objects.filter(model=found).values_list("pk", "name"))
    rows = ScoreEntry.objects.filter(person_id=person_id, model_id=found.pk).order_by("-at", "-fact_id")
    lines = [
        Line(r.at, r.points, names.get(r.rule_id) or r.reason or r.kind, r.kind, r.fact_id, r.rule_id, r.actor)
        for r in rows
    ]
    points = sum(line.points for line in lines)
    return Explanation(model, points, band(points, found.warm, found.hot), lines)


def interests(person_ids: Sequence[int]) -> dict[int, list[TopicInterest]]:
    """Each person's topics, strongest first."""
    out: dict[int, list[TopicInterest]] = {p: [] for p in person_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.person_id, t.key, t.name, t.hue, i.weight, i.last_at FROM audience_interest i "
            "JOIN audience_topic t ON t.id = i.topic_id WHERE i.person_id = ANY(%s) "
            "ORDER BY i.person_id, i.weight DESC, i.last_at DESC",
            [list(out)],
        )
        for person_id, *found in cursor.fetchall():
            out[person_id].append(TopicInterest(*found))
    return out


def members(segment_id: int, *, after: int = 0, limit: int = 50) -> list[tuple[int, datetime]]:
    """(person, since) of a segment's members in order of their ids, those above `after`."""
    generation = Segment.objects.filter(pk=segment_id).values("generation")[:1]
    rows = SegmentMember.objects.filter(segment_id=segment_id, generation=generation, person_id__gt=after)
    return list(rows.order_by("person_id").values_list("person_id", "since")[:limit])


def are_members(segment_id: int, person_ids: Sequence[int]) -> set[int]:
    """Those of these people who are in the segment."""
    generation = Segment.objects.filter(pk=segment_id).values("generation")[:1]
    rows = SegmentMember.objects.filter(person_id__in=list(person_ids), segment_id=segment_id, generation=generation)
    return set(rows.values_list("person_id", flat=True))


def counts() -> dict[int, int]:
    """How many members each segment has now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id, coalesce(sum(t.members), 0)::bigint FROM audience_segment s "
            "LEFT JOIN audience_segmenttally t ON t.segment_id = s.id AND t.generation = s.generation GROUP BY s.id"
        )
        return dict(cursor.fetchall())


class SegmentName(NamedTuple):
    pk: int
    name: str


def segments_of(person_ids: Sequence[int]) -> dict[int, list[SegmentName]]:
    """The segments that each of these people is in, by name."""
    out: dict[int, list[SegmentName]] = {p: [] for p in person_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.person_id, s.id, s.name FROM audience_segmentmember m JOIN audience_segment s "
            "ON s.id = m.segment_id AND s.generation = m.generation WHERE m.person_id = ANY(%s) AND s.generation > 0",
            [list(out)],
        )
        for person_id, *found in cursor.fetchall():
            out[person_id].append(SegmentName(*found))
    return {p: sorted(found, key=lambda s: s.name) for p, found in out.items()}


def picked(segment_id: int, *, after: int = 0, limit: int = 100) -> list[Picked]:
    """Who is in or out of a segment by hand, in order of their ids, those above `after`."""
    return list(Picked.objects.filter(segment_id=segment_id, person_id__gt=after).order_by("person_id")[:limit])


def preview(condition: Any, *, sample: int = 5, key: str = "") -> tuple[int, list[int]]:
    """How many people the condition holds for now, exactly, and the ids of the newest few. key: of the segment that
    is being edited (its random samples, its members by hand). Raises ConditionError."""
    by_hand = bool(key) and Segment.objects.filter(key=key, picked=True).exists()
    node = parse_segment(key, condition, by_hand) if key else parse(condition)
    said = statement(node, timeless=True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(
            f"WITH t AS MATERIALIZED (SELECT p.id FROM {said.source} WHERE {said.inside}) "
            "SELECT (SELECT count(*) FROM t), ARRAY(SELECT id FROM t ORDER BY id DESC LIMIT %(few)s)",
            said.params(clock.now(), few=sample),
        )
        count, ids = cursor.fetchone()
        return int(count), list(ids)


@dataclass(frozen=True, slots=True)
class Change:
    """What a definition would mean for a living segment: members after it, those it brings in and lets go."""

    count: int
    enters: int
    leaves: int


def change(segment: Segment, condition: Any) -> Change:
    """What saving this condition would do to the members there are now. Raises ConditionError."""
    said = statement(parse_segment(segment.key, condition, segment.picked), timeless=True)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH t AS MATERIALIZED (SELECT p.id FROM {said.source} WHERE {said.inside}), "
            "m AS MATERIALIZED (SELECT person_id FROM audience_segmentmember "
            "WHERE segment_id = %(segment)s AND generation = %(generation)s) "
            "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM m), "
            "(SELECT count(*) FROM t JOIN m ON m.person_id = t.id)",
            said.params(clock.now(), segment=segment.pk, generation=segment.generation),
        )
        count, before, both = cursor.fetchone()
        return Change(int(count), int(count - both), int(before - both))


def used_by(segments: Sequence[Segment]) -> dict[int, list[Use]]:
    """What uses each of these segments: other segments, and what packages above tell (journeys)."""
    out = uses([(s.pk, s.key) for s in segments])
    takers = [(one.id, one.name, one.needs) for one in book().segments]
    for s in segments:
        found = {pk: name for pk, name, needs in takers if f"segment:{s.key}" in needs and pk != s.pk}
        out[s.pk] += [Use(name, f"/segments/{pk}/", "funnel") for pk, name in sorted(found.items())]
    return out


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody who came into a segment or left it."""

    person_id: int
    entered: bool
    at: datetime


def moves(segment_id: int, *, hours: int = 48, limit: int = 12) -> list[Move] | None:
    """Who came and went in the last hours, newest first; None where so much happened that looking takes too long."""
    now = clock.now()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 400")
            cursor.execute(
                "SELECT person_id, kind = 'segment.entered', at FROM timeline_fact WHERE kind = ANY(%s) AND at > %s "
                "AND at <= %s AND (data ->> 'segment')::bigint = %s ORDER BY at DESC, person_id LIMIT %s",
                [["segment.entered", "segment.left"], now - timedelta(hours=hours), now, segment_id, limit],
            )
            found = [Move(*row) for row in cursor.fetchall()]
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
            return found
    except OperationalError:
        return None


def explain_membership(segment: Segment, person_id: int) -> Answer | None:
    """Why she is in the segment, or why not, condition by condition; None where there is no such contact."""
    node = parse_segment(segment.key, segment.definition, segment.picked)
    return explain(node, person_id, now=clock.now())


def band_counts() -> dict[tuple[int, str], int]:
    """(model, band) -> people. Who has no points at all is in no row."""
    rows = PersonScore.objects.values_list("model_id", "band").annotate(n=Count("person_id"))
    return {(m, b): n for m, b, n in rows}


def score_history(person_id: int, days: int = 90, model: str = ENGAGEMENT) -> list[int]:
    """The score at the end of each of the last `days` days, oldest first; the last one is now."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT GREATEST(0, (%s::date - (s.at AT TIME ZONE 'UTC')::date)), sum(s.points) "
            "FROM audience_scoreentry s JOIN audience_scoremodel m ON m.id = s.model_id "
            "WHERE s.person_id = %s AND m.key = %s GROUP BY 1",
            [now.date(), person_id, model],
        )
        of = dict(cursor.fetchall())
    total = sum(points for ago, points in of.items() if ago >= days)
    out = []
    for ago in range(days - 1, -1, -1):
        total += of.get(ago, 0)
        out.append(int(total))
    return out


def people_count() -> int:
    """How many contacts there are: exact up to 100,000, above that the planner's estimate."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE relname = 'people_contact'")
        estimate = int(cursor.fetchone()[0])
        if estimate > 100_000:
            return estimate
        cursor.execute("SELECT count(*) FROM people_contact")
        return int(cursor.fetchone()[0])


def topics() -> list[tuple[Topic, int]]:
    """Every topic with its rules and with how many people showed interest in it."""
    counts = dict(Interest.objects.values_list("topic_id").annotate(n=Count("person_id")))
    return [(t, counts.get(t.pk, 0)) for t in Topic.objects.prefetch_related("rules").order_by("name")]
