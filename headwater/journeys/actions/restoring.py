"""Where an installation begins again from a backup: steps and calls since then may have been taken already."""

from __future__ import annotations

from django.db import connection, transaction

from headwater.core import clock

from ..models import Journey, Status
from .editing import pause

HOLD = (
    "WITH gone AS (DELETE FROM journeys_outdue WHERE due_at <= %s RETURNING person_id, call_id) "
    "UPDATE journeys_outcall c SET status = 'failed', answer = %s, done_at = %s FROM gone "
    "WHERE c.person_id = gone.person_id AND c.id = gone.call_id RETURNING c.id"
)
ANSWER = "Not made: restored from a backup; it may have been made since."


def hold() -> list[str]:
    """Pause every live journey, and fail the calls of other systems that are due; they can be made again one by one.
    Returns lines for the administrator."""
    live = list(Journey.objects.filter(status=Status.LIVE).order_by("name").values_list("pk", "name"))
    for pk, _name in live:
        pause(pk, actor="system")
    now = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(HOLD, [now, ANSWER, now])
        calls = len(cursor.fetchall())
    lines = []
    if live:
        names = ", ".join(name for _pk, name in live[:5]) + (", ..." if len(live) > 5 else "")
        lines.append(
            f"{len(live):,} live journeys are paused ({names}): what they did after the backup is not known, and they "
            "would do it again. Resume each on its page when you have looked at it."
        )
    if calls:
        lines.append(f"{calls:,} calls of other systems that were on their way are not made.")
    return lines
