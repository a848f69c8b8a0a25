"""Writes of this package. Import from here: `from headwater.service import actions`."""

from __future__ import annotations

from .changing import Stale, Undo, delete_ticket, set_status, undo, update_ticket, update_tickets
from .closing import close_solved
from .history import EntrySeed, TicketSeed, import_tickets
from .mailing import ensure_template
from .opening import NewTicket, create_ticket, create_tickets
from .overdue import tell_overdue
from .queues import Refused, archive_queue, create_queue, ensure_queue, restore_queue, update_queue
from .talking import answer, note, reply, send_again

__all__ = [
    "EntrySeed",
    "NewTicket",
    "Refused",
    "Stale",
    "TicketSeed",
    "Undo",
    "answer",
    "archive_queue",
    "close_solved",
    "create_queue",
    "create_ticket",
    "create_tickets",
    "delete_ticket",
    "ensure_queue",
    "ensure_template",
    "import_tickets",
    "note",
    "reply",
    "restore_queue",
    "send_again",
    "set_status",
    "tell_overdue",
    "undo",
    "update_queue",
    "update_ticket",
    "update_tickets",
]
