"""Counts of days gone by, rolled up: while a day lasts, each transaction counts in a lane of its own."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction

from headwater.core import clock

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
