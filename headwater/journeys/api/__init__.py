"""Journeys over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from . import canvas, explaining, gallery, journeys, passages, reporting, schema, simulating, versions
from .doors import router

__all__ = [
    "canvas",
    "explaining",
    "gallery",
    "journeys",
    "passages",
    "reporting",
    "router",
    "schema",
    "simulating",
    "versions",
]
