"""Writes of this package. Import from here: `from headwater.sales import actions`."""

from __future__ import annotations

from .answers import accept_lead, return_lead
from .bulk import NewDeal, create_deals, move_deals, take_turns
from .deals import Stale, create_deal, delete_deal, move_deal, update_deal
from .history import DealSeed, HandoverSeed, import_deals, import_handovers
from .leads import HandedOver, HandOver, hand_over
from .outcomes import lose_deal, win_deal
from .pipelines import ensure_pipeline, set_sla

__all__ = [
    "DealSeed",
    "HandOver",
    "HandedOver",
    "HandoverSeed",
    "NewDeal",
    "Stale",
    "accept_lead",
    "create_deal",
    "create_deals",
    "delete_deal",
    "ensure_pipeline",
    "hand_over",
    "import_deals",
    "import_handovers",
    "lose_deal",
    "move_deal",
    "move_deals",
    "return_lead",
    "set_sla",
    "take_turns",
    "update_deal",
    "win_deal",
]
