"""How many members each segment has at the end of each day, and how many came and went: noted again and again while the
day lasts, by one statement for all segments."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection

from headwater.core import clock

#: Time between two notes
EVERY = timedelta(seconds=60)
_noted: datetime | None = None


def note(day: date) -> None:
    """Note the sums of all tallies under a day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audience_segmentday AS d (segment_id, day, generation, members, entered, gone) "
            "SELECT s.id, %s, s.generation, coalesce(sum(t.members), 0), coalesce(sum(t.entered), 0), "
            "coalesce(sum(t.gone), 0) FROM audience_segment s LEFT JOIN audience_segmenttally t "
            "ON t.segment_id = s.id AND t.generation = s.generation WHERE s.generation > 0 "
            "GROUP BY s.id, s.generation ORDER BY s.id ON CONFLICT (segment_id, day) DO UPDATE SET "
            "generation = EXCLUDED.generation, members = EXCLUDED.members, entered = EXCLUDED.entered, "
            "gone = EXCLUDED.gone WHERE (d.generation, d.members, d.entered, d.gone) IS DISTINCT FROM "
            "(EXCLUDED.generation, EXCLUDED.members, EXCLUDED.entered, EXCLUDED.gone)",
            [day],
        )


def run_once() -> int:
    """Note the present day, once a minute; there is never more to do."""
    global _noted
    now = clock.now()
    if _noted is not None and now - EVERY < _noted <= now:
        return 0
    note(now.date())
    _noted = now
    return 0
