"""Segments, scores and interests over the API; `headwater api` runs the same operations."""

from . import interests, models, rules, scores, segments
from .base import router

__all__ = ["interests", "models", "router", "rules", "scores", "segments"]
