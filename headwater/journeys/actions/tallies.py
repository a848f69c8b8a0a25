"""Counts of days gone by, rolled up: while a day lasts, each transaction counts in a lane of its own. And of people who
leave otherwise than by their journey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db import connection, transaction

from headwater.core import clock
from headwater.core.lanes import lane_key

from ..engine.batch import COUNT, DAY
from ..models import DayCount, Journey

#: Days that may still be counted in: a transaction may last past midnight
OPEN_DAYS = 2
TAKE = (
    "WITH several AS (SELECT day, what FROM journeys_daycount WHERE journey_id = %(journey)s "
    "AND day < %(before)s::date GROUP BY 1, 2 HAVING count(*) > 1), "
    "gone AS (DELETE FROM journeys_daycount d USING several s "
    "WHERE d.journey_id = %(journey)s AND d.day = s.day AND d.what = s.what RETURNING d.lane_key, d.day, d.what, d.n) "
    "SELECT min(lane_key), day, what, sum(n)::bigint, count(*) FROM gone GROUP BY day, what"
)


def roll_up() -> int:
    """Make one row of the rows of each day that is over, journey by journey. Returns how many rows fewer there are."""
    before = clock.now().date() - timedelta(days=OPEN_DAYS)
    fewer = 0
    for journey in Journey.objects.exclude(version=None).values_list("pk", flat=True):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TAKE, {"journey": journey, "before": before})
            found = cursor.fetchall()
            DayCount.objects.bulk_create(
                DayCount(lane_key=lane, journey_id=journey, day=day, what=what, n=n)
                for lane, day, what, n, _rows in found
            )
        fewer += sum(rows - 1 for *_row, rows in found)
    return fewer


def left(inside: Iterable[tuple[int, int, int, str]], *, back: bool = False) -> None:
    """Count people out who are erased, or go on as somebody else: (person, journey, version, step) of each passage that
    is open. back: they are there again. The people's lanes are held."""
    rows = list(inside)
    if not rows:
        return
    lane, sign = min(lane_key(person) for person, *_rest in rows), -1 if back else 1
    steps = Counter((version, step) for _person, _journey, version, step in rows)
    days = Counter(journey for _person, journey, _version, _step in rows)
    versions, names = [version for version, _step in steps], [step for _version, step in steps]
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [lane, versions, names, ["left"] * len(steps), [sign * n for n in steps.values()]])
        ends = [sign * n for n in days.values()]
        cursor.execute(DAY, [lane, clock.now().date(), list(days), ["exited"] * len(days), ends])
