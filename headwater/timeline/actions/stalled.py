"""Ending sessions of workers that no longer read what the server tells them.

PostgreSQL ends a transaction in which a frozen process does nothing (core/config.py). But a process may freeze while
the server is still writing a large answer to it: such a session counts as busy, for ever, and keeps its lanes. Every
other worker looks after it.
"""

from __future__ import annotations

import logging
from datetime import datetime
from time import monotonic

from django.db import connection

from headwater.core.config import config

log = logging.getLogger("headwater.worker")
#: Sessions that were being written to at the last look, and since when at every look
_seen: dict[tuple[int, datetime], float] = {}
WRITTEN_TO = (
    "SELECT pid, query_start FROM pg_stat_activity WHERE application_name LIKE 'headwater-worker %%' "
    "AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() "
    "AND state = 'active' AND wait_event = 'ClientWrite'"
)
END = (
    "SELECT pg_terminate_backend(pid), application_name FROM pg_stat_activity WHERE pid = %s AND query_start = %s "
    "AND wait_event = 'ClientWrite'"
)


def end_stalled() -> int:
    """End the sessions whose worker has not read on in the same statement for `worker_silence` seconds, by looks every
    second. What they did is undone; others do it anew. Returns how many."""
    now, ended = monotonic(), 0
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN_TO)
        found = {(pid, at): _seen.get((pid, at), now) for pid, at in cursor.fetchall()}
        for (pid, at), since in found.items():
            if now - since < config.worker_silence:
                continue
            cursor.execute(END, [pid, at])
            for done, name in cursor.fetchall():
                log.warning("stalled_session_ended", extra={"session": name, "seconds": round(now - since, 1)})
                ended += int(done)
    _seen.clear()
    _seen.update(found)
    return ended
