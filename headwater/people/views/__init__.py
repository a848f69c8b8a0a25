"""Pages of people and companies: parse, call one action or query, render."""

from __future__ import annotations

from .companies import companies, company, company_create, company_field, company_timeline
from .edit import alike, bulk, consent, contact_field, create, stage_cell
from .people import choose_filter, people
from .record import props, rail, record, timeline

__all__ = [
    "alike",
    "bulk",
    "choose_filter",
    "companies",
    "company",
    "company_create",
    "company_field",
    "company_timeline",
    "consent",
    "contact_field",
    "create",
    "people",
    "props",
    "rail",
    "record",
    "stage_cell",
    "timeline",
]
