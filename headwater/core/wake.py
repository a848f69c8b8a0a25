"""NOTIFY as a hint: wake the worker, tell open pages that something changed. Polling stays the truth."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

WORK = "headwater_work"
LIVE = "headwater_live"


def notify(topics: Iterable[str] = (), *, work: bool = True) -> None:
    """Within the current transaction: wake the worker on commit, and tell open pages about `topics`
    ("person:12", "visitors", "board:1", ...). PostgreSQL folds equal notices of one transaction."""
    pairs = [(WORK, "")] if work else []
    pairs += [(LIVE, topic) for topic in topics]
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(c, p) FROM unnest(%s::text[], %s::text[]) AS n(c, p)",
            [[c for c, _ in pairs], [p for _, p in pairs]],
        )


def publish(*topics: str) -> None:
    """Tell open pages only."""
    notify(topics, work=False)
