"""Reads of this package. Import from here: `from headwater.service import queries`."""

from __future__ import annotations

from .tickets import (
    Spoken,
    TicketPage,
    conversation,
    of_company,
    of_contact,
    queue,
    queues,
    search,
    statuses,
    table,
    ticket,
    waiting,
    waiting_count,
)

__all__ = [
    "Spoken",
    "TicketPage",
    "conversation",
    "of_company",
    "of_contact",
    "queue",
    "queues",
    "search",
    "statuses",
    "table",
    "ticket",
    "waiting",
    "waiting_count",
]
