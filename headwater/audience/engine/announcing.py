"""What a rebuilt segment tells where it is asked to: a fact for everybody whom the new definition moved."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection

from headwater.audience import facts
from headwater.audience.models import Segment, SegmentMember, StaleGeneration
from headwater.people.models import Contact
from headwater.timeline.actions import NewFact, in_lane, record_many

#: Facts told by one step
TOLD = 2_000


def announce() -> bool:
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
    there = set(Contact.objects.filter(pk__in=list(moved)).values_list("pk", flat=True))
    new = []
    for person_id, entered in moved.items():
        if person_id not in there or person_id in told or entered != (person_id in inside):
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
