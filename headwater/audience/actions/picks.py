"""Members by hand: always in, never in, or as the condition says."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from headwater.core import clock
from headwater.people.models import Contact
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import PickedIn, PickedNone, PickedOut
from ..models import Picked, Segment
from .revision import touch_revision
from .segments import refuse_kept

_FACTS = {"in": PickedIn, "out": PickedOut, "": PickedNone}


def pick_members(segment_id: int, person_ids: Sequence[int], *, side: str, actor: str, reason: str = "") -> list[int]:
    """Put people into a segment (side "in"), keep them out of it ("out"), or let its condition decide again ("").

    Records a fact for everybody for whom this is a change; membership follows with it. Returns their ids, ascending.
    Ids of no contact are left out. Raises ValueError on another side, Kept, Segment.DoesNotExist.
    """
    if side not in _FACTS:
        raise ValueError("side must be 'in', 'out' or ''")
    ids = list(Contact.objects.filter(pk__in=list(person_ids)).values_list("pk", flat=True))
    with transaction.atomic(), in_lane(*ids):
        s = Segment.objects.only("pk", "key", "name", "picked", "keeper").get(pk=segment_id)
        refuse_kept(s)
        changed = sorted(_put(s.pk, ids, side, reason[:200], actor) if side else _free(s.pk, ids))
        record_many(
            [
                NewFact(p, _FACTS[side](segment=s.pk, key=s.key, name=s.name, reason=reason[:200]), actor=actor)
                for p in changed
            ]
        )
        if side and not s.picked and Segment.objects.filter(pk=s.pk, picked=False).update(picked=True):
            touch_revision()
    return changed


def _put(segment_id: int, ids: list[int], side: str, reason: str, actor: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_picked AS h (person_id, segment_id, side, reason, actor, at) "
            "SELECT p, %s, %s, %s, %s, %s FROM unnest(%s::bigint[]) AS n(p) "
            "ON CONFLICT (person_id, segment_id) DO UPDATE SET side = EXCLUDED.side, reason = EXCLUDED.reason, "
            "actor = EXCLUDED.actor, at = EXCLUDED.at WHERE h.side <> EXCLUDED.side RETURNING h.person_id",
            [segment_id, side, reason, actor, clock.now(), ids],
        )
        return [row[0] for row in cursor.fetchall()]


def _free(segment_id: int, ids: list[int]) -> list[int]:
    rows = Picked.objects.filter(person_id__in=ids, segment_id=segment_id)
    changed = list(rows.values_list("person_id", flat=True))
    rows.delete()
    return changed
