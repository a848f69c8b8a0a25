"""Taking the pulse of the log, so that a page can say how fast each reaction is."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from headwater.core import clock

from ..registry import consumers

EVERY, KEEP = timedelta(seconds=10), timedelta(hours=1)


def take_pulse() -> int:
    """Write down how far everybody is, unless a worker did so within EVERY. Returns 0: nothing follows from it."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO timeline_pulse (at, consumer, passed) SELECT %s, s.consumer, s.passed FROM ("
            "SELECT consumer, sum(seq)::bigint AS passed FROM timeline_laneposition WHERE consumer = ANY(%s) "
            "GROUP BY 1 "
            "UNION ALL SELECT '', sum(head)::bigint FROM timeline_lane) s "
            "WHERE NOT EXISTS (SELECT 1 FROM timeline_pulse WHERE at > %s)",
            [now, list(consumers()), now - EVERY * 0.9],
        )
        if cursor.rowcount:
            cursor.execute("DELETE FROM timeline_pulse WHERE at < %s", [now - KEEP])
    return 0
