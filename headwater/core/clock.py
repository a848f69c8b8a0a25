"""Time, from one place, so that tests and the journey simulator can travel in it.

Nothing in Headwater calls `datetime.now` or SQL `now()`: timestamps come from the application
(scale.md, rule 8), and they come from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_offset: ContextVar[timedelta] = ContextVar("headwater_clock_offset", default=timedelta(0))
_frozen: ContextVar[datetime | None] = ContextVar("headwater_clock_frozen", default=None)


def now() -> datetime:
    """The present, aware, in UTC."""
    frozen = _frozen.get()
    return frozen if frozen is not None else datetime.now(UTC) + _offset.get()


@contextmanager
def travel(by: timedelta) -> Iterator[None]:
    """Within the block, time runs on but is `by` later (or earlier)."""
    token = _offset.set(_offset.get() + by)
    try:
        yield
    finally:
        _offset.reset(token)


@contextmanager
def freeze(at: datetime) -> Iterator[None]:
    """Within the block, time stands still at `at` (aware)."""
    if at.tzinfo is None:
        raise ValueError("freeze() needs an aware datetime")
    token = _frozen.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)
