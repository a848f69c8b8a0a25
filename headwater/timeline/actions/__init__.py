"""Writes of this package. Import from here: `from headwater.timeline import actions`."""

from __future__ import annotations

from .copying import record_selected
from .gathering import together
from .hands import NAMES as FACT_TABLES
from .hands import erase_people, export_person, join_people, late_facts, part_people, regroupings
from .holding import holding
from .journal import note_down
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
    "FACT_TABLES",
    "Custom",
    "NewFact",
    "Place",
    "ReplayRefused",
    "Retried",
    "adopt",
    "discard",
    "discard_all",
    "ensure_consumers",
    "erase_people",
    "export_person",
    "holding",
    "in_lane",
    "join_people",
    "late_facts",
    "note_down",
    "part_people",
    "pass_lanes",
    "place",
    "record",
    "record_anonymous",
    "record_history",
    "record_many",
    "record_selected",
    "regroupings",
    "release",
    "retry",
    "retry_all",
    "start_replay",
    "stop_replay",
    "together",
]
