"""What the worker calls again and again for journeys."""

from __future__ import annotations

from headwater.core.registry import Loop, loops, restores
from headwater.core.worker import HOUSEKEEPING

from .actions import moving, outgoing, restoring, simulating, splits, starts, tallies
from .engine import due, leaving


def _due() -> int:
    return due.run_once()


def _release() -> int:
    return due.release()


loops.add("journeys.due", Loop("journeys.due", _due, order=300, pause=0.05, full=200))
loops.add("journeys.release", Loop("journeys.release", _release, order=310, every=2, pause=0.5))
# Entries by the calendar may be many at once: they have a thread of their own.
loops.add("journeys.starts", Loop("journeys.starts", starts.run_once, order=320, thread="journeys.starts", every=5))
loops.add("journeys.sweep", Loop("journeys.sweep", leaving.sweep, order=330, thread=HOUSEKEEPING, every=600))
loops.add("journeys.ends", Loop("journeys.ends", leaving.look_over, order=325, thread=HOUSEKEEPING, every=2))
loops.add("journeys.move", Loop("journeys.move", moving.run_once, order=315, every=2, pause=0.5))
loops.add("journeys.splits", Loop("journeys.splits", splits.run_once, order=340, thread=HOUSEKEEPING, every=30))
loops.add("journeys.tallies", Loop("journeys.tallies", tallies.roll_up, order=370, thread=HOUSEKEEPING, every=3600))
# Other systems may be slow: their calls have a thread of their own.
loops.add("journeys.calls", Loop("journeys.calls", outgoing.run_once, order=350, thread="journeys.calls", every=2))
# Walks some thousand people at a time, in memory: nobody else waits for it.
loops.add(
    "journeys.simulate", Loop("journeys.simulate", simulating.run_once, order=360, thread="journeys.simulate", every=2)
)
restores.add("journeys", restoring.hold)
