"""Reading segments: conditions, members, what uses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import OperationalError, connection, transaction

from headwater.core import clock

from ..compiler import ALONE, Answer, Scope, explain, parse, parse_segment, statement
from ..engine.book import book
from ..models import Picked, Segment, SegmentDay, SegmentMember
from ..registry import Use, uses


def matching(condition: Any, person_ids: Sequence[int]) -> set[int]:
    """Those of these people for whom the condition (JSON of a segment) holds now. Raises ConditionError."""
    if not person_ids:
        return set()
    said = statement(parse(condition), scope=Scope(ids=list(person_ids)), timeless=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT p.id FROM {said.source} WHERE {said.inside}", said.params(clock.now()))
        return {row[0] for row in cursor.fetchall()}


def turning(condition: Any, person_ids: Sequence[int]) -> dict[int, datetime]:
    """person -> the next moment at which time alone can change whether the condition holds for her; those for whom
    there is none are left out. Raises ConditionError."""
    if not person_ids:
        return {}
    said = statement(parse(condition), scope=Scope(ids=list(person_ids)))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT p.id, {said.turns} AS turns FROM {said.source}", said.params(clock.now()))
        return {person: at for person, at in cursor.fetchall() if at is not None}


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
    """The segments that each of these people is in, by name; those that journeys keep for themselves are left out."""
    out: dict[int, list[SegmentName]] = {p: [] for p in person_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.person_id, s.id, s.name FROM audience_segmentmember m JOIN audience_segment s "
            "ON s.id = m.segment_id AND s.generation = m.generation WHERE m.person_id = ANY(%s) AND s.generation > 0 "
            "AND s.keeper = ''",
            [list(out)],
        )
        for person_id, *found in cursor.fetchall():
            out[person_id].append(SegmentName(*found))
    return {p: sorted(found, key=lambda s: s.name) for p, found in out.items()}


def picked(segment_id: int, *, after: int = 0, limit: int = 100) -> list[Picked]:
    """Who is in or out of a segment by hand, in order of their ids, those above `after`."""
    return list(Picked.objects.filter(segment_id=segment_id, person_id__gt=after).order_by("person_id")[:limit])


#: Somebody waits: memory for hashes, and all processors for work that PostgreSQL thinks too small for them
QUICKLY = "SET LOCAL work_mem = '128MB'; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0.006"
#: Among so many of the newest people, the sample of a preview is looked for first
NEWEST = 20_000


def preview(condition: Any, *, sample: int = 5, key: str = "") -> tuple[int, list[int]]:
    """How many people the condition holds for now, exactly, and the ids of the newest few. key: of the segment that
    is being edited or will be made (its random samples, its members by hand). Raises ConditionError."""
    by_hand = bool(key) and Segment.objects.filter(key=key, picked=True).exists()
    node = parse_segment(key, condition, by_hand) if key else parse(condition)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(QUICKLY)
        said = statement(node, timeless=True, ranges=True)
        if said.parted:
            cursor.execute(ALONE)
        cursor.execute("SELECT coalesce(max(id), 0) FROM people_contact")
        newest = cursor.fetchone()[0]
        cursor.execute(
            "WITH t AS MATERIALIZED (SELECT count(*) AS n, array_agg(p.id) FILTER (WHERE p.id > %(edge)s) AS new "
            f"FROM {said.source}) SELECT n, ARRAY(SELECT unnest(new) ORDER BY 1 DESC LIMIT %(few)s) FROM t",
            said.params(clock.now(), few=sample, edge=newest - max(NEWEST, newest // 8)),
        )
        count, ids = cursor.fetchone()
        if len(ids) < min(sample, count):  # they are few, and older
            cursor.execute(
                f"WITH t AS MATERIALIZED (SELECT p.id FROM {said.source}) "
                "SELECT id FROM t ORDER BY id DESC LIMIT %(few)s",
                said.params(clock.now(), few=sample),
            )
            ids = [pk for (pk,) in cursor.fetchall()]
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
        out[s.pk] += [Use(name, f"/segments/{pk}/", "funnel") for pk, name in sorted(found.items()) if pk > 0]
        out[s.pk] += [Use(name, "/scoring/", "gauge") for pk, name in sorted(found.items()) if pk < 0]
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


@dataclass(frozen=True, slots=True)
class Day:
    """A segment at the end of a day (UTC). entered, left: who came and went on it; what an edit of the conditions moved
    is not among them."""

    day: date
    members: int
    entered: int = 0
    left: int = 0


def growth(segments: Sequence[Segment], days: int = 30) -> dict[int, list[Day]]:
    """The last `days` days of these segments, oldest first, the present one last; none from before a segment was
    built. Days on which nothing was noted are as the one before."""
    today = clock.now().date()
    first = today - timedelta(days=days - 1)
    noted: dict[int, list[SegmentDay]] = {s.pk: [] for s in segments}
    rows = SegmentDay.objects.filter(segment_id__in=list(noted), day__gte=first - timedelta(days=1)).order_by("day")
    for row in rows:
        noted[row.segment_id].append(row)
    present = _tallies([s.pk for s in segments])
    for s in segments:
        if s.generation:
            now = SegmentDay(segment_id=s.pk, day=today, generation=s.generation)
            now.members, now.entered, now.gone = present.get(s.pk, (0, 0, 0))
            noted[s.pk] = [*(row for row in noted[s.pk] if row.day < today), now]
    return {pk: _days(found, first, today) for pk, found in noted.items()}


def _tallies(segment_ids: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id, sum(t.members)::bigint, sum(t.entered)::bigint, sum(t.gone)::bigint FROM audience_segment s "
            "JOIN audience_segmenttally t ON t.segment_id = s.id AND t.generation = s.generation "
            "WHERE s.id = ANY(%s) GROUP BY s.id",
            [list(segment_ids)],
        )
        return {pk: (members, entered, gone) for pk, members, entered, gone in cursor.fetchall()}


def _days(rows: Sequence[SegmentDay], first: date, today: date) -> list[Day]:
    out: list[Day] = []
    before: SegmentDay | None = None
    for row in rows:
        while out and out[-1].day + timedelta(days=1) < row.day:
            out.append(Day(out[-1].day + timedelta(days=1), out[-1].members))
        same = before is not None and before.generation == row.generation
        was = (before.entered, before.gone) if before is not None and same else (0, 0)
        out.append(Day(row.day, row.members, row.entered - was[0], row.gone - was[1]))
        before = row
    return [day for day in out if first <= day.day <= today]


def kept_by(segments: Sequence[Segment]) -> dict[int, list[Use]]:
    """What each segment is kept for, where a package above keeps it."""
    return uses([(s.pk, s.key) for s in segments if s.keeper])


def explain_membership(segment: Segment, person_id: int) -> Answer | None:
    """Why she is in the segment, or why not, condition by condition; None where there is no such contact."""
    node = parse_segment(segment.key, segment.definition, segment.picked)
    return explain(node, person_id, now=clock.now())
