"""Pages of people and companies: parse, call one action or query, render."""

from __future__ import annotations

from .companies import companies, company, company_create, company_field, company_timeline
from .edit import address, alike, consent, contact_field, create, stage_cell
from .many import bulk, bulk_ask, change_file, change_line, change_stop, change_undo, changes
from .people import choose_filter, people
from .record import props, rail, record, timeline
from .whole import apart, duplicates, erase, everything, merge, merge_with, unmerge

__all__ = [
    "address",
    "alike",
    "apart",
    "bulk",
    "bulk_ask",
    "change_file",
    "change_line",
    "change_stop",
    "change_undo",
    "changes",
    "choose_filter",
    "companies",
    "company",
    "company_create",
    "company_field",
    "company_timeline",
    "consent",
    "contact_field",
    "create",
    "duplicates",
    "erase",
    "everything",
    "merge",
    "merge_with",
    "people",
    "props",
    "rail",
    "record",
    "stage_cell",
    "timeline",
    "unmerge",
]
