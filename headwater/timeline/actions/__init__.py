"""Writes of this package. Import from here: `from headwater.timeline import actions`."""

from __future__ import annotations

from .recording import (
    Custom,
    NewFact,
    adopt,
    ensure_consumers,
    in_lane,
    record,
    record_anonymous,
    record_history,
    record_many,
)

__all__ = [
    "Custom",
    "NewFact",
    "adopt",
    "ensure_consumers",
    "in_lane",
    "record",
    "record_anonymous",
    "record_history",
    "record_many",
]
