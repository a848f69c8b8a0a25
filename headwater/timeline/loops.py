"""What the worker calls again and again for the log."""

from __future__ import annotations

from collections.abc import Callable

from headwater.core.registry import Loop, loops, worker_services

from . import actions, dispatch, partitions, replay
from .actions import pulse, retention, stalled


def _start() -> Callable[[], None]:
    """A consumer that this release brings gets its positions before the first pass."""
    actions.ensure_consumers()
    return lambda: None


def _prune() -> int:
    dispatch.prune()
    return 0


def _months() -> int:
    """Months ahead are made, months past the edge retired."""
    partitions.ensure()
    partitions.retire()
    return 0


def _stalled() -> int:
    stalled.end_stalled()
    return 0


def _analyze() -> int:
    partitions.analyze()
    return 0


loops.add("timeline.dispatch", Loop("timeline.dispatch", dispatch.run_all, order=200))
loops.add("timeline.prune", Loop("timeline.prune", _prune, order=10, thread="housekeeping", every=60))
loops.add("timeline.release", Loop("timeline.release", actions.release, order=5, thread="housekeeping", every=1))
loops.add("timeline.months", Loop("timeline.months", _months, order=20, thread="housekeeping", every=600))
loops.add("timeline.settle", Loop("timeline.settle", partitions.settle, order=21, thread="housekeeping", every=5))
loops.add("timeline.analyze", Loop("timeline.analyze", _analyze, order=23, thread="housekeeping", every=3600))
loops.add(
    "timeline.anonymous",
    Loop("timeline.anonymous", retention.forget_anonymous, order=22, thread="housekeeping", every=600),
)
loops.add("timeline.replay", Loop("timeline.replay", replay.run_once, order=60, thread="housekeeping", every=1))
loops.add("timeline.stalled", Loop("timeline.stalled", _stalled, order=2, thread="housekeeping", every=1))
loops.add("timeline.pulse", Loop("timeline.pulse", pulse.take_pulse, order=1, thread="housekeeping", every=10))
worker_services.add("timeline.consumers", _start)
