"""What the worker does for the service desk."""

from __future__ import annotations

from headwater.core.registry import Loop, loops

from .actions.closing import close_solved
from .actions.overdue import BATCH, tell_overdue

loops.add("service.overdue", Loop("service.overdue", tell_overdue, order=90, thread="service", every=0.5, full=BATCH))
loops.add("service.closing", Loop("service.closing", close_solved, order=91, thread="service", every=5.0, full=BATCH))
