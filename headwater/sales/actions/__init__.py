"""Writes of this package. Import from here: `from headwater.sales import actions`."""

from __future__ import annotations

from .answers import accept_lead, return_lead
from .bulk import NewDeal, create_deals, move_deals, take_turns
from .deals import Stale, create_deal, delete_deal, move_deal, update_deal
from .history import DealSeed, HandoverSeed, import_deals, import_handovers
from .leads import HandedOver, HandOver, hand_over
from .outcomes import lose_deal, win_deal
from .pipelines import (
    Refused,
    add_stage,
    archive_stage,
    create_pipeline,
    delete_pipeline,
    ensure_pipeline,
    order_stages,
    rename_pipeline,
    set_sla,
    update_stage,
)

__all__ = [
    "DealSeed",
    "HandOver",
    "HandedOver",
    "HandoverSeed",
    "NewDeal",
    "Refused",
    "Stale",
    "accept_lead",
    "add_stage",
    "archive_stage",
    "create_deal",
    "create_deals",
    "create_pipeline",
    "delete_deal",
    "delete_pipeline",
    "ensure_pipeline",
    "hand_over",
    "import_deals",
    "import_handovers",
    "lose_deal",
    "move_deal",
    "move_deals",
    "order_stages",
    "rename_pipeline",
    "return_lead",
    "set_sla",
    "take_turns",
    "update_deal",
    "update_stage",
    "win_deal",
]
