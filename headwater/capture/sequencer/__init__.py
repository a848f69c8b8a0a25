"""From the intake into the log, once. `batches` takes rows out, `digest` gives them their effect."""

from __future__ import annotations

from .batches import prune, run_once

__all__ = ["prune", "run_once"]
