"""Lanes whose heads a statement of the caller's own has locked already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def holding(lane_keys: Iterable[int]) -> Iterator[None]:
    """What `in_lane` is for lanes that this transaction holds: inside, `in_lane` asks for none of them again.

    For those who take whatever lanes are free (FOR UPDATE OF timeline_lane SKIP LOCKED) instead of waiting for certain
    ones. The heads must have been locked before anything was read that they protect.
    """
    before: set[int] = getattr(connection, "headwater_lanes", set())
    connection.headwater_lanes = before | set(lane_keys)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        connection.headwater_lanes = before  # type: ignore[attr-defined]
