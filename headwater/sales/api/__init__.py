"""Pipelines, deals and hand-overs over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from . import deals, leads, orders, pipelines
from .base import router

__all__ = ["deals", "leads", "orders", "pipelines", "router"]
