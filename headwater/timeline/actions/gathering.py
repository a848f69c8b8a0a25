"""Facts of one transaction, written together.

A pass of journeys records facts in a dozen places: people enter, get a tag, get a mail, come to an end. Each time the
lanes' heads move on, two tables are written and the worker is told. Inside `together` facts that are certainly new are
kept, and written in one go at the end, or before somebody looks at facts. A savepoint that is rolled back takes its
facts with it, whether they were written or not: Django forgets with it what was to be done on commit, and there they
are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

from headwater.core import clock, wake

from .writing import Row, insert

#: Whose statements must see what was recorded
TABLES = ("timeline_fact", "timeline_lanelog")


class _Kept:
    """Rows that are to be written, and whom to tell. On commit there is nothing left to do."""

    def __init__(self, rows: Sequence[Row], topics: Sequence[str]) -> None:
        self.rows, self.topics = rows, topics

    def __call__(self) -> None:
        pass


class _Written:
    """Which of them are written. It goes with the savepoint in which that was done: then they are not."""

    def __init__(self, kept: Sequence[_Kept]) -> None:
        self.kept = kept

    def __call__(self) -> None:
        pass


def on() -> bool:
    """Whether facts are kept at the moment."""
    return bool(getattr(connection, "headwater_facts_kept", False))


def keep(rows: Sequence[Row], topics: Sequence[str]) -> None:
    """Have rows written at the end. Their lanes are held, their ids are new, none is of the future."""
    connection.on_commit(_Kept(rows, topics))


def write() -> None:
    """Write what is kept, in the order in which it was recorded."""
    if not on():
        return
    entries = [entry[1] for entry in connection.run_on_commit]
    done = {id(one) for entry in entries if isinstance(entry, _Written) for one in entry.kept}
    kept = [one for one in entries if isinstance(one, _Kept) and id(one) not in done]
    if not kept:
        return
    rows = [row for one in kept for row in one.rows]
    connection.headwater_facts_kept = False  # type: ignore[attr-defined]
    try:
        insert(rows, clock.now(), [True] * len(rows))
    finally:
        connection.headwater_facts_kept = True  # type: ignore[attr-defined]
    connection.on_commit(_Written(kept))
    wake.notify([*(topic for one in kept for topic in one.topics), "facts"])


@contextmanager
def together() -> Iterator[None]:
    """Inside, facts are kept, and so are notices (`wake.together`). A transaction must be open."""
    if on():
        yield
        return
    with wake.together(), connection.execute_wrapper(_look):
        connection.headwater_facts_kept = True  # type: ignore[attr-defined]
        try:
            yield
            write()
        finally:
            connection.headwater_facts_kept = False  # type: ignore[attr-defined]


def _look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Before a statement that may read facts, they are written."""
    if on() and any(table in sql for table in TABLES):
        write()
    return execute(sql, params, many, context)
