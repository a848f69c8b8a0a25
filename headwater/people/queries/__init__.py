"""Reading contacts and companies."""

from __future__ import annotations

from .company import companies, people_counts, people_of
from .doubles import Pair, alike_pairs
from .listing import COUNT_CAP, Listing, Page, Row, count, hue_of, neighbours, page, where_of
from .lookup import (
    browsing,
    by_phone,
    consent_states,
    consents,
    contacts,
    emails,
    find_by_email,
    kin,
    look_alikes,
    survivors,
    tag_hues,
    visitor_people,
)

__all__ = [
    "COUNT_CAP",
    "Listing",
    "Page",
    "Pair",
    "Row",
    "alike_pairs",
    "browsing",
    "by_phone",
    "companies",
    "consent_states",
    "consents",
    "contacts",
    "count",
    "emails",
    "find_by_email",
    "hue_of",
    "kin",
    "look_alikes",
    "neighbours",
    "page",
    "people_counts",
    "people_of",
    "survivors",
    "tag_hues",
    "visitor_people",
    "where_of",
]
