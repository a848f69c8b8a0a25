"""What the worker calls again and again for the log."""

from __future__ import annotations

from headwater.core.registry import Loop, loops

from . import dispatch, partitions


def _partitions() -> int:
    partitions.ensure()
    return 0


def _prune() -> int:
    dispatch.prune()
    return 0


loops.add("timeline.dispatch", Loop("timeline.dispatch", dispatch.run_all, order=200))
loops.add("timeline.prune", Loop("timeline.prune", _prune, order=10, thread="housekeeping", every=60))
loops.add(
    "timeline.partitions",
    Loop("timeline.partitions", _partitions, order=20, thread="housekeeping", every=3600),
)
