"""Reads of this package. Import from here: `from headwater.timeline import queries`."""

from __future__ import annotations

from .reading import Entry, Unheard, anonymous_counts, kinds_of, read, read_many, unheard
from .standing import Lag, Worker, journal, lag, parked, parked_counts, parked_one, replays, standing, workers

__all__ = [
    "Entry",
    "Lag",
    "Unheard",
    "Worker",
    "anonymous_counts",
    "journal",
    "kinds_of",
    "lag",
    "parked",
    "parked_counts",
    "parked_one",
    "read",
    "read_many",
    "replays",
    "standing",
    "unheard",
    "workers",
]
