"""NOTIFY as a hint: wake the worker, tell open pages that something changed. Polling stays the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection

WORK = "headwater_work"
LIVE = "headwater_live"
Notice = tuple[str, str]


class _Told:
    """Stands among what Django is to do on commit, and does nothing there: Django forgets it with the transaction, or
    with the savepoint, in which the notices were sent. kept: they have not been sent yet (see `together`)."""

    def __init__(self, notices: list[Notice], *, kept: bool = False) -> None:
        self.notices, self.kept = notices, kept

    def __call__(self) -> None:
        pass


def notify(topics: Iterable[str] = (), *, work: bool = True) -> None:
    """Within the current transaction: wake the worker on commit, and tell open pages about `topics`
    ("person:12", "visitors", "board:1", ...). What the transaction has said already is not said again."""
    wanted: list[Notice] = [(WORK, "")] if work else []
    wanted += [(LIVE, topic) for topic in topics]
    said = {one for entry in connection.run_on_commit if isinstance(entry[1], _Told) for one in entry[1].notices}
    new = [one for one in dict.fromkeys(wanted) if one not in said]
    if not new:
        return
    kept = connection.in_atomic_block and getattr(connection, "headwater_notices_kept", False)
    if not kept:
        _send(new)
    if connection.in_atomic_block:
        connection.on_commit(_Told(new, kept=kept))


@contextmanager
def together() -> Iterator[None]:
    """For a transaction of many actions, each of which says something: what they say is sent at the end, in one
    statement. A transaction must be open."""
    if getattr(connection, "headwater_notices_kept", False):
        yield
        return
    connection.headwater_notices_kept = True  # type: ignore[attr-defined]
    try:
        yield
        kept = [told for entry in connection.run_on_commit if isinstance(told := entry[1], _Told) and told.kept]
        if notices := [one for told in kept for one in told.notices]:
            _send(notices)
        for told in kept:
            told.kept = False
    finally:
        connection.headwater_notices_kept = False  # type: ignore[attr-defined]


def _send(notices: list[Notice]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(c, p) FROM unnest(%s::text[], %s::text[]) AS n(c, p)",
            [[c for c, _ in notices], [p for _, p in notices]],
        )


def publish(*topics: str) -> None:
    """Tell open pages only."""
    notify(topics, work=False)
