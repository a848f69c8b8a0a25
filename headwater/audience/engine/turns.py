"""Scores and interests that time alone changes: each knows when (`turns_at`), and a loop brings it up to date then."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from headwater.audience.models import Interest, PersonScore
from headwater.timeline.actions import in_lane

from . import membership, scoring
from .book import book

#: People whose due scores one pass of the loop serves
BATCH = 2000


def due(now: datetime, limit: int = BATCH) -> set[int]:
    """People with a score or an interest that is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            "(SELECT person_id FROM audience_personscore WHERE turns_at <= %s LIMIT %s) UNION "
            "(SELECT person_id FROM audience_interest WHERE turns_at <= %s LIMIT %s)",
            [now, limit, now, limit],
        )
        return {row[0] for row in cursor.fetchall()}


def turn(people: Collection[int], now: datetime) -> int:
    """Bring what is due for these people up to date, in one transaction; returns how many scores were due."""
    with in_lane(*people):
        rules = book()
        rows = PersonScore.objects.filter(person_id__in=list(people), turns_at__lte=now)
        tastes = Interest.objects.filter(person_id__in=list(people), turns_at__lte=now)
        keys = list(rows.values_list("person_id", "model_id"))
        keys += [(person_id, -topic) for person_id, topic in tastes.values_list("person_id", "topic_id")]
        gone = {space for _, space in keys if space not in rules.every}
        if gone:  # archived, or swept away soon
            rows.filter(model_id__in=gone).update(turns_at=None)
            tastes.filter(topic_id__in=[-space for space in gone]).update(turns_at=None)
        changed = scoring.settle({key: 0 for key in keys if key[1] not in gone}, rules, now)
        membership.test(membership.touched((), changed, rules), now, rules)
        return len(keys)
