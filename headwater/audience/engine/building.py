"""Segments are built beside what lives, in steps that any worker can take up, and swapped in by one transaction.

1. Saving sets `pending`. From that commit on, reactions note the people they touch for the new generation instead of
   testing them. The first step takes and lets go all lanes: whoever did not yet know of the new generation is done.
2. Each step evaluates a range of people in one statement, without holding any lane.
3. When all are through, the people noted meanwhile are tested; the last of them under all lanes, in the transaction
   that makes the new generation the living one. So no change is missed and none is counted twice.
4. Optionally the differences are told as facts; the old generation is swept away.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from headwater.audience import facts
from headwater.audience.compiler import ConditionError, Scope, needs_of, parse_segment, statement
from headwater.audience.models import Revision, Segment, SegmentMember, SegmentRetest, SegmentTally, StaleGeneration
from headwater.core import clock, wake
from headwater.core.lanes import LANE_KEYS
from headwater.people.models import Contact
from headwater.timeline.actions import NewFact, in_lane, record_many

from . import membership
from .book import Living, book

#: People evaluated by one step, noted people tested under all lanes, facts told and rows swept by one step
CHUNK, NOTED, TOLD, SWEPT = 50_000, 2_000, 2_000, 20_000
_LANE = "((hashint8({0})::bigint + 2147483648) >> 24)"


def run_once() -> int:
    """One step of one segment; returns 1 if there was something to do."""
    for step in (_build, _announce, _sweep):
        with transaction.atomic():
            if step():
                return 1
    return 0


def run_all(limit: int = 10_000) -> None:
    """Steps until nothing is left to do (tests, sample data)."""
    for _ in range(limit):
        if not run_once():
            return
    raise RuntimeError("segments are still not built")


def _build() -> bool:
    s = (
        Segment.objects.filter(pending__isnull=False, state=Segment.State.BUILDING)
        .order_by("updated_at", "pk")
        .select_for_update(skip_locked=True)
        .first()
    )
    if s is None:
        return False
    try:
        node = parse_segment(s.key, s.pending, s.picked)
    except ConditionError as error:
        s.state, s.error = Segment.State.FAILED, str(error)[:500]
        s.save(update_fields=["state", "error"])
        return True
    living = Living(s.pk, s.key, s.name, s.pending_generation, node, needs_of(node), True)
    if s.build_cursor is None:
        _take_all_lanes()
        s.build_cursor = 0
        s.save(update_fields=["build_cursor"])
    elif not _chunk(s, living) and not _noted(living):
        _swap(s, living)
    return True


def _take_all_lanes() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lane_key FROM timeline_lane WHERE lane_key = ANY(%s) ORDER BY lane_key FOR UPDATE",
            [list(LANE_KEYS)],
        )


def _chunk(s: Segment, living: Living) -> bool:
    """Evaluate the next range of people; False where there is none."""
    low = s.build_cursor or 0
    ids = Contact.objects.filter(pk__gt=low).order_by("pk").values_list("pk", flat=True)
    high = ids[CHUNK - 1 : CHUNK].first() or ids.aggregate(last=Max("pk"))["last"]
    if high is None:
        return False
    now = clock.now()
    said = statement(living.node, scope=Scope(low=low, high=high))
    params = said.params(now, at=now, seg=s.pk, gen=s.pending_generation, old=s.generation)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_segmentmember (person_id, segment_id, generation, since) "
            "SELECT p.id, %(seg)s, %(gen)s, coalesce(m.since, %(at)s::timestamptz) "
            f"FROM {said.source} LEFT JOIN audience_segmentmember m ON m.person_id = p.id AND m.segment_id = %(seg)s "
            f"AND m.generation = %(old)s WHERE {said.inside} ON CONFLICT DO NOTHING",
            params,
        )
        if said.turns != "NULL::timestamptz":
            cursor.execute(
                "INSERT INTO audience_segmentretest (lane_key, due_at, person_id, segment_id, generation) "
                "SELECT l.lane_key, t.turns, t.id, %(seg)s, %(gen)s "
                f"FROM (SELECT p.id, {said.turns} AS turns FROM {said.source}) t "
                f"JOIN timeline_lane l ON l.lane = {_LANE.format('t.id')} WHERE t.turns IS NOT NULL "
                "ON CONFLICT DO NOTHING",
                params,
            )
    top = Contact.objects.aggregate(last=Max("pk"))["last"] or high
    s.build_cursor, s.progress = high, min(99, high * 100 // top)
    s.save(update_fields=["build_cursor", "progress"])
    wake.publish("segments")
    return True


def _noted(living: Living) -> bool:
    """Test a batch of noted people while there are many; False where few are left."""
    noted = SegmentRetest.objects.filter(
        lane_key__in=LANE_KEYS, segment_id=living.id, generation=living.generation, due_at__lte=clock.now()
    )
    people = set(noted.values_list("person_id", flat=True)[: NOTED + 1])
    if len(people) <= NOTED:
        return False
    with in_lane(*people):
        _settle(living, people)
    return True


def _settle(living: Living, people: set[int]) -> None:
    now = clock.now()
    taken = membership.claim(people, [(living.id, living.generation)], now)
    if taken:
        membership.settle(living, {p for p, _, _ in taken}, now)


def _swap(s: Segment, living: Living) -> None:
    """Make the new generation the living one."""
    old = s.generation
    if old:
        _rebuild_dependents(s)
    _take_all_lanes()
    now = clock.now()
    noted = SegmentRetest.objects.filter(
        lane_key__in=LANE_KEYS, segment_id=s.pk, generation=living.generation, due_at__lte=now
    )
    _settle(living, set(noted.values_list("person_id", flat=True)))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_segmenttally (lane_key, segment_id, generation, members) "
            "SELECT l.lane_key, %s, %s, count(*) FROM audience_segmentmember m "
            f"JOIN timeline_lane l ON l.lane = {_LANE.format('m.person_id')} "
            "WHERE m.segment_id = %s AND m.generation = %s GROUP BY l.lane_key",
            [s.pk, living.generation, s.pk, living.generation],
        )
    s.definition, s.pending, s.generation = s.pending, None, living.generation
    s.state, s.error, s.progress, s.built_at = Segment.State.READY, "", 100, now
    s.build_cursor, s.announce_cursor = None, 0
    s.announcing = (old or -1) if s.announce else 0
    s.save()
    if old and not s.announcing:
        StaleGeneration.objects.create(segment_id=s.pk, generation=old)
    Revision.objects.filter(pk=1).update(token=uuid.uuid4())
    wake.notify(["segments"])


def _rebuild_dependents(s: Segment) -> None:
    """Segments that take this one in are built anew from the same definition."""
    keys = [one.id for one in book().segments if f"segment:{s.key}" in one.needs and one.id != s.pk]
    for other in Segment.objects.filter(pk__in=keys).order_by("pk").select_for_update():
        start(other, other.pending if other.pending is not None else other.definition)
        other.save()


def start(s: Segment, definition: Any) -> None:
    """Have a definition built (in memory: the caller saves). A build that was under way is given up."""
    if s.pending is not None:
        StaleGeneration.objects.create(segment_id=s.pk, generation=s.pending_generation)
    s.pending = definition
    s.pending_generation = max(s.pending_generation, s.generation) + 1
    s.state, s.error, s.progress, s.build_cursor = Segment.State.BUILDING, "", 0, None


def _announce() -> bool:
    """Tell the differences of a swap as facts, a batch at a time."""
    s = Segment.objects.exclude(announcing=0).select_for_update(skip_locked=True).first()
    if s is None:
        return False
    moved = _moved(s)
    if not moved:
        if s.announcing > 0:
            StaleGeneration.objects.create(segment_id=s.pk, generation=s.announcing)
        s.announcing = 0
    else:
        with in_lane(*moved):
            _tell(s, moved)
        s.announce_cursor = max(moved)
    s.save(update_fields=["announcing", "announce_cursor"])
    return True


def _moved(s: Segment) -> dict[int, bool]:
    """The next people whose membership the swap changed: person -> whether she is in now."""
    out: dict[int, bool] = {}
    for new, old, inside in ((s.generation, s.announcing, True), (s.announcing, s.generation, False)):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT n.person_id FROM audience_segmentmember n WHERE n.segment_id = %s AND n.generation = %s "
                "AND n.person_id > %s AND NOT EXISTS (SELECT 1 FROM audience_segmentmember o "
                "WHERE o.person_id = n.person_id AND o.segment_id = n.segment_id AND o.generation = %s) "
                "ORDER BY n.person_id LIMIT %s",
                [s.pk, new, s.announce_cursor, old, TOLD],
            )
            out.update({row[0]: inside for row in cursor.fetchall()})
    return dict(sorted(out.items())[:TOLD])


def _tell(s: Segment, moved: dict[int, bool]) -> None:
    """Facts for those whom no reaction has moved (and told) since the swap."""
    assert s.built_at is not None
    inside = set(
        SegmentMember.objects.filter(
            person_id__in=list(moved), segment_id=s.pk, generation=s.generation, since__lte=s.built_at
        ).values_list("person_id", flat=True)
    )
    told = _told_since(s, list(moved))
    new = []
    for person_id, entered in moved.items():
        if person_id in told or entered != (person_id in inside):
            continue
        fact = (facts.SegmentEntered if entered else facts.SegmentLeft)(segment=s.pk, name=s.name)
        key = uuid.uuid5(uuid.NAMESPACE_OID, f"segment:{s.pk}:{s.generation}:{person_id}")
        new.append(NewFact(person_id, fact, s.built_at, key))
    record_many(new)


def _told_since(s: Segment, people: Sequence[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id FROM timeline_fact WHERE kind IN ('segment.entered', 'segment.left') "
            "AND person_id = ANY(%s) AND at > %s AND (data ->> 'segment')::bigint = %s",
            [list(people), s.built_at, s.pk],
        )
        return {row[0] for row in cursor.fetchall()}


def _sweep() -> bool:
    """Delete rows of generations that no longer count."""
    stale = StaleGeneration.objects.order_by("pk").select_for_update(skip_locked=True).first()
    if stale is None:
        return False
    of = {"segment_id": stale.segment_id, "generation": stale.generation}
    people = list(SegmentMember.objects.filter(**of).order_by("person_id").values_list("person_id", flat=True)[:SWEPT])
    if people:
        SegmentMember.objects.filter(person_id__in=people, **of).delete()
    else:
        SegmentTally.objects.filter(lane_key__in=LANE_KEYS, **of).delete()
        SegmentRetest.objects.filter(lane_key__in=LANE_KEYS, **of).delete()
        stale.delete()
    return True
