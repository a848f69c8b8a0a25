"""The past of sample data and imports: points that somebody or a journey gave, and how segments have grown.

Points are lines of the ledger only: call `recompute` afterwards, which adds them up together with the points by rule.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from headwater.core import clock

from ..compiler import parse_segment, statement
from ..engine import scoring
from ..engine.book import book
from ..engine.ledger import Entry
from ..models import Segment, SegmentDay


@dataclass(frozen=True, slots=True)
class PointsSeed:
    """Points outside of the rules. fact_id: that of the fact `score.changed` which tells of them."""

    person_id: int
    points: int
    reason: str
    at: datetime
    fact_id: uuid.UUID
    actor: str
    model: str = "engagement"


@transaction.atomic
def import_points(seeds: Sequence[PointsSeed]) -> None:
    """Write them. Raises KeyError on a score model that is not there."""
    rules = book()
    entries = [
        Entry(s.person_id, s.at, s.fact_id, 0, space, s.points, "score.changed", s.reason[:200], s.actor)
        for s in seeds
        for space in rules.spaces[s.model]
    ]
    scoring.post(entries, rules, clock.now(), tell=False)


@transaction.atomic
def recall_days(days: int = 60) -> None:
    """Note, for sample data, whom each segment's condition held for at the end of each of the last days: by the facts
    of that time and the fields of today, of the people there were. Days that are noted already stay."""
    now = clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for s in Segment.objects.filter(generation__gt=0, keeper=""):
        said = statement(parse_segment(s.key, s.definition, s.picked), timeless=True)
        before: set[int] | None = None
        entered = gone = 0
        for ago in range(days - 1, 0, -1):
            moment = midnight - timedelta(days=ago - 1, seconds=1)
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT p.id FROM {said.source} JOIN people_contact k ON k.id = p.id "
                    f"AND k.created_at <= %(moment)s WHERE {said.inside}",
                    said.params(moment, moment=moment),
                )
                inside = {row[0] for row in cursor.fetchall()}
            entered += len(inside - before) if before is not None else 0
            gone += len(before - inside) if before is not None else 0
            before = inside
            noted = {"generation": 0, "members": len(inside), "entered": entered, "gone": gone}
            SegmentDay.objects.get_or_create(segment_id=s.pk, day=moment.date(), defaults=noted)
