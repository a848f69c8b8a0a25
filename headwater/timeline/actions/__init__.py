"""Writes of this package. Import from here: `from headwater.timeline import actions`."""

from __future__ import annotations

from .parked import Place, Retried, discard, discard_all, place, retry, retry_all
from .recording import (
    Custom,
    NewFact,
    adopt,
    ensure_consumers,
    in_lane,
    pass_lanes,
    record,
    record_anonymous,
    record_history,
    record_many,
    release,
)
from .replays import ReplayRefused, start_replay, stop_replay

__all__ = [
    "Custom",
    "NewFact",
    "Place",
    "ReplayRefused",
    "Retried",
    "adopt",
    "discard",
    "discard_all",
    "ensure_consumers",
    "in_lane",
    "pass_lanes",
    "place",
    "record",
    "record_anonymous",
    "record_history",
    "record_many",
    "release",
    "retry",
    "retry_all",
    "start_replay",
    "stop_replay",
]
