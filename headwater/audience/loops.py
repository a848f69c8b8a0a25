"""What the worker calls again and again: memberships and scores whose time has come, segments that are being built,
scores that are computed anew, scores of companies, segments day by day."""

from __future__ import annotations

from headwater.core import clock
from headwater.core.registry import Loop, loops

from .engine import building, companies, days, membership, retired, runs, turns
from .engine.book import book


def retest_once() -> int:
    """One batch of people for whom time has moved a segment's window; returns how many tests were due."""
    now, rules = clock.now(), book()
    people = membership.due(rules, now)
    return membership.retest(rules, people, now) if people else 0


def turn_once() -> int:
    """One batch of people whose points time has changed; returns how many scores were due."""
    now = clock.now()
    people = turns.due(now)
    return turns.turn(people, now) if people else 0


loops.add("audience.retest", Loop("audience.retest", retest_once, order=250, every=0.5, pause=0.25, full=500))
loops.add("audience.build", Loop("audience.build", building.run_once, order=50, thread="housekeeping", every=1))
loops.add("audience.turns", Loop("audience.turns", turn_once, order=251, every=0.5, pause=0.25, full=500))
loops.add(  # beside the engine: nobody's mail waits for it
    "audience.companies",
    Loop(
        "audience.companies", companies.roll_up, order=252, thread="audience.companies", every=0.5, pause=0.5,
        full=companies.BATCH,
    ),
)  # fmt: skip
loops.add("audience.days", Loop("audience.days", days.run_once, order=52, thread="housekeeping", every=1))
loops.add("audience.retired", Loop("audience.retired", retired.run_once, order=53, thread="housekeeping", every=60))
loops.add("audience.runs", Loop("audience.runs", runs.run_once, order=51, thread="housekeeping", every=1))
