"""What the worker calls again and again: memberships whose time has come, segments that are being built."""

from __future__ import annotations

from headwater.core import clock
from headwater.core.registry import Loop, loops

from .engine import building, membership
from .engine.book import book


def retest_once() -> int:
    """One batch of people for whom time has moved a segment's window; returns how many tests were due."""
    now, rules = clock.now(), book()
    people = membership.due(rules, now)
    return membership.retest(rules, people, now) if people else 0


loops.add("audience.retest", Loop("audience.retest", retest_once, order=250, every=0.5))
loops.add("audience.build", Loop("audience.build", building.run_once, order=50, thread="housekeeping", every=1))
