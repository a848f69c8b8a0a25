"""A person with fifty thousand facts waiting in her lane delays nobody outside of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from headwater.audience.models import ScoreEntry, ScoreModel
from headwater.core import clock
from headwater.core.lanes import lane_key
from headwater.core.setup import after_migrate
from headwater.people.models import Contact
from headwater.timeline import dispatch, pace
from headwater.timeline.actions import Custom, NewFact, record_many

pytestmark = pytest.mark.django_db
BACKLOG = 50_000
#: The default rules give points for a look at the prices
VIEW = Custom("page.viewed", {"path": "/pricing", "title": "Pricing"})


def read(lane: int) -> int:
    """How many places of the lane the audience has read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq FROM timeline_laneposition WHERE consumer = 'audience' AND lane_key = %s", [lane])
        return int(cursor.fetchone()[0])


def test_a_lane_with_fifty_thousand_facts_delays_no_other_lane() -> None:
    after_migrate()
    pace.forget()
    people = [c.pk for c in Contact.objects.bulk_create([Contact(email=f"b{n}@example.com") for n in range(400)])]
    loud = people[0]
    others = [p for p in people if lane_key(p) != lane_key(loud)]
    later = [others.pop() for _ in range(6)]
    at = clock.now() - timedelta(hours=1)
    for start in range(0, BACKLOG, 10_000):
        record_many([NewFact(loud, VIEW, at + timedelta(milliseconds=start + n)) for n in range(10_000)])
    record_many([NewFact(p, VIEW) for p in others])
    engagement = ScoreModel.objects.get(key="engagement").living  # a view is a sign of interest as well
    served = ScoreEntry.objects.filter(person_id__in=others + later, kind="page.viewed", model_id=engagement)
    dispatch.run_all()
    assert served.count() == len(others)
    for _ in range(5):  # what the scores of so many led to
        dispatch.run_all()
    for number, person in enumerate(later, 1):
        record_many([NewFact(person, VIEW)])
        before = read(lane_key(loud))
        dispatch.run_all()
        assert served.count() == len(others) + number  # in the very next pass
        assert 0 < read(lane_key(loud)) - before <= dispatch.BATCH_PER_LANE
    assert read(lane_key(loud)) < BACKLOG - 10_000
