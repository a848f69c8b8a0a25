"""Reads of this package. Import from here: `from headwater.sales import queries`."""

from __future__ import annotations

from .board import Card, Column, Head, board, card, heads, more_cards
from .deals import (
    DealPage,
    deal,
    history,
    of_company,
    of_contact,
    open_stages,
    pipeline,
    pipeline_sizes,
    pipelines,
    search,
    stage,
    stage_sizes,
    table,
)
from .leads import (
    HandoverPage,
    HandoverStats,
    handover,
    handover_stats,
    handovers,
    latest_for,
    sla_minutes,
    waiting,
)
from .story import Story, story

__all__ = [
    "Card",
    "Column",
    "DealPage",
    "HandoverPage",
    "HandoverStats",
    "Head",
    "Story",
    "board",
    "card",
    "deal",
    "handover",
    "handover_stats",
    "handovers",
    "heads",
    "history",
    "latest_for",
    "more_cards",
    "of_company",
    "of_contact",
    "open_stages",
    "pipeline",
    "pipeline_sizes",
    "pipelines",
    "search",
    "sla_minutes",
    "stage",
    "stage_sizes",
    "story",
    "table",
    "waiting",
]
