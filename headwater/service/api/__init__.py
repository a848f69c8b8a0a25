"""Tickets and queues over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from . import queues, tickets
from .base import router

__all__ = ["queues", "router", "tickets"]
