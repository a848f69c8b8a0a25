"""Writes of this package. Import from here: `from headwater.sales import actions`."""

from __future__ import annotations

from .answers import accept_lead, return_lead
from .bulk import NewDeal, create_deals, move_deals, take_turns
from .deals import Stale, create_deal, delete_deal, move_deal, update_deal
from .history import DealSeed, HandoverSeed, OrderSeed, import_deals, import_handovers, import_orders
from .leads import HandedOver, HandOver, hand_over
from .ordering import NewLine
from .orders import cancel, delete_order, fulfil, mark_paid, refund, reopen, update_order
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
from .placing import MAX_ORDERS, NewOrder, Placed, place_orders

__all__ = [
    "MAX_ORDERS",
    "DealSeed",
    "HandOver",
    "HandedOver",
    "HandoverSeed",
    "NewDeal",
    "NewLine",
    "NewOrder",
    "OrderSeed",
    "Placed",
    "Refused",
    "Stale",
    "accept_lead",
    "add_stage",
    "archive_stage",
    "cancel",
    "create_deal",
    "create_deals",
    "create_pipeline",
    "delete_deal",
    "delete_order",
    "delete_pipeline",
    "ensure_pipeline",
    "fulfil",
    "hand_over",
    "import_deals",
    "import_handovers",
    "import_orders",
    "lose_deal",
    "mark_paid",
    "move_deal",
    "move_deals",
    "order_stages",
    "place_orders",
    "refund",
    "rename_pipeline",
    "reopen",
    "return_lead",
    "set_sla",
    "take_turns",
    "update_deal",
    "update_order",
    "update_stage",
    "win_deal",
]
