"""Reading mails: numbers for journeys and dashboards, the ledger for pages."""

from __future__ import annotations

from .results import Results, results

__all__ = ["Results", "results"]
