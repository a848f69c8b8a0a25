"""What the worker calls again and again for the log."""

from __future__ import annotations

from collections.abc import Callable

from headwater.core.registry import Loop, loops, worker_services

from . import actions, dispatch, partitions


def _start() -> Callable[[], None]:
    """A consumer that this release brings gets its positions before the first pass."""
    actions.ensure_consumers()
    return lambda: None


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
worker_services.add("timeline.consumers", _start)
