"""What the worker does for sales."""

from __future__ import annotations

from headwater.core.registry import Loop, loops

from .actions.archive import empty_archived

loops.add("sales.archive", Loop("sales.archive", empty_archived, order=90, thread="sales", every=60.0))
