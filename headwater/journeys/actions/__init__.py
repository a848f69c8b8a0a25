"""Writes of this package. Import from here: `from headwater.journeys import actions`."""

from __future__ import annotations

from .editing import (
    Conflict,
    NotPublishable,
    Undecided,
    create_journey,
    delete_draft,
    duplicate,
    pause,
    publish,
    resume,
    roll_back,
    update_journey,
)
from .gallery import install
from .people import Entry, enter, enter_all, enter_by_hand, remove, retry, skip_wait

__all__ = [
    "Conflict",
    "Entry",
    "NotPublishable",
    "Undecided",
    "create_journey",
    "delete_draft",
    "duplicate",
    "enter",
    "enter_all",
    "enter_by_hand",
    "install",
    "pause",
    "publish",
    "remove",
    "resume",
    "retry",
    "roll_back",
    "skip_wait",
    "update_journey",
]
