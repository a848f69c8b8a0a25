"""Today, tasks, what the composer sends, notifications."""

from __future__ import annotations

from .activities import (
    activities,
    add_note,
    company_notes,
    contact_tasks,
    deal_tasks,
    log_call,
    pick_companies,
    pick_contacts,
)
from .notifications import bell, notifications, read
from .tasks import complete, new_task, reopen, snooze, tasks
from .today import today

__all__ = [
    "activities",
    "add_note",
    "bell",
    "company_notes",
    "complete",
    "contact_tasks",
    "deal_tasks",
    "log_call",
    "new_task",
    "notifications",
    "pick_companies",
    "pick_contacts",
    "read",
    "reopen",
    "snooze",
    "tasks",
    "today",
]
