"""Reading mails: numbers for journeys and dashboards, the ledger for pages."""

from __future__ import annotations

from .browsers import application_key
from .browsers import counts as push_counts
from .links import person_of_token
from .results import Results, results
from .templates import by_slug, current, templates

__all__ = [
    "Results",
    "application_key",
    "by_slug",
    "current",
    "person_of_token",
    "push_counts",
    "results",
    "templates",
]
