"""Reading contacts and companies."""

from __future__ import annotations

from .company import companies, people_counts, people_of
from .listing import COUNT_CAP, Listing, Page, Row, count, hue_of, neighbours, page, where_of
from .lookup import (
    browsing,
    consent_states,
    consents,
    contacts,
    find_by_email,
    look_alikes,
    tag_hues,
    visitor_people,
)

__all__ = [
    "COUNT_CAP",
    "Listing",
    "Page",
    "Row",
    "browsing",
    "companies",
    "consent_states",
    "consents",
    "contacts",
    "count",
    "find_by_email",
    "hue_of",
    "look_alikes",
    "neighbours",
    "page",
    "people_counts",
    "people_of",
    "tag_hues",
    "visitor_people",
    "where_of",
]
