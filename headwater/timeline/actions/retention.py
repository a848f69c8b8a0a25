"""How long the past of anonymous visitors is kept. Months of known people's facts: `timeline.partitions.retire`."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import connection, transaction

from headwater.core import clock
from headwater.core.actors import SYSTEM
from headwater.core.config import config

from ..models import Operation
from ..partitions import months_before
from .journal import note_down

log = logging.getLogger("headwater.partitions")
SLICE = 5000


def forget_anonymous() -> int:
    """Delete a slice of the facts of anonymous visitors that are older than HEADWATER_KEEP_ANONYMOUS_MONTHS, counted
    in whole days. What a visitor did who has become known since is hers, and stays. Returns how many were deleted."""
    if not config.keep_anonymous_months:
        return 0
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    edge = months_before(midnight, config.keep_anonymous_months)
    with transaction.atomic(), connection.cursor() as cursor:
        # Rows that are about to be adopted are skipped: whoever adopts them holds them.
        cursor.execute(
            "DELETE FROM timeline_visitorfact WHERE (visitor_id, at, id) IN (SELECT visitor_id, at, id "
            "FROM timeline_visitorfact WHERE at < %s LIMIT %s FOR UPDATE SKIP LOCKED)",
            [edge, SLICE],
        )
        count = int(cursor.rowcount)
        if count:
            _note(f"{edge - timedelta(days=1):%Y-%m-%d}", count)
    if count:
        log.info("anonymous_facts_forgotten", extra={"before": edge.isoformat(), "facts": count})
    return count


def _note(day: str, count: int) -> None:
    """One line of the journal a day, however many slices."""
    line = Operation.objects.select_for_update().filter(what="anonymous.forgotten", subject=day).order_by("pk").first()
    if line is None:
        note_down("anonymous.forgotten", day, actor=SYSTEM, detail={"facts": count})
        return
    line.detail = {"facts": line.detail["facts"] + count}
    line.save(update_fields=["detail"])
