"""What the worker calls again and again: changes of many people, batch by batch."""

from __future__ import annotations

from headwater.core.registry import Loop, loops
from headwater.core.worker import HOUSEKEEPING

from .actions import doubles, jobs

# A thread of its own: a change of a million people must not hold up a journey.
loops.add("people.bulk", Loop("people.bulk", jobs.run_once, order=400, thread="people.bulk", every=2))
loops.add("people.forget", Loop("people.forget", jobs.forget_old, order=410, thread=HOUSEKEEPING, every=3600))
# By the clock alone: there is no hurry, and it must not run at every word of new work.
loops.add("people.doubles", Loop("people.doubles", doubles.search_once, order=420, thread=HOUSEKEEPING, every=5))
