"""Writes of this package. Import from here: `from headwater.teamwork import actions`."""

from __future__ import annotations

from .activities import add_note, log_call
from .notes import NewNote, add_notes
from .notifications import NewNotification, forget_about, mark_read, notify
from .tasks import (
    NewTask,
    close_task_by_key,
    close_tasks,
    complete_task,
    create_task,
    create_tasks,
    reopen_task,
    snooze_task,
    update_task,
)

__all__ = [
    "NewNote",
    "NewNotification",
    "NewTask",
    "add_note",
    "add_notes",
    "close_task_by_key",
    "close_tasks",
    "complete_task",
    "create_task",
    "create_tasks",
    "forget_about",
    "log_call",
    "mark_read",
    "notify",
    "reopen_task",
    "snooze_task",
    "update_task",
]
