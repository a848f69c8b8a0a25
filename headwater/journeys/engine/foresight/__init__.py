"""Journeys walked over what has happened already, in memory: who would have entered, and which way
she would have taken.

`plan` says what a graph needs to know, `world` fetches it for some thousand people in a constant number of statements,
`walking` takes one person from step to step with a clock that travels, `tally` counts. A kind of step says what it
would do in its `foresee`. Nothing is written, and nothing is asked of the database once the world is there.
"""

from __future__ import annotations

from .plan import Opens, Plan, plan_of
from .tally import Tally
from .walking import entries_of, live_through
from .world import People, load, people_of

__all__ = ["Opens", "People", "Plan", "Tally", "entries_of", "live_through", "load", "people_of", "plan_of"]
