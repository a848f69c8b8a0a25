"""What the worker calls again and again for journeys."""

from __future__ import annotations

from headwater.core.registry import Loop, loops

from .engine import due


def _due() -> int:
    return due.run_once()


def _release() -> int:
    return due.release()


loops.add("journeys.due", Loop("journeys.due", _due, order=300))
loops.add("journeys.release", Loop("journeys.release", _release, order=310, every=2))
