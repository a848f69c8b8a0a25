"""What the audience does with a batch of facts: points, then interests, then memberships, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.core import clock
from headwater.timeline.registry import Event, reaction

from .engine import companies, membership, scoring
from .engine.book import book


@reaction("audience", hears=None, order=10)
def react(batch: Sequence[Event]) -> None:
    """Score, interests included, move people in and out of segments."""
    now = clock.now()
    rules = book()
    scored = scoring.score(batch, rules, now)
    scored |= {
        (e.person_id, space)
        for e in batch
        if e.kind == "score.changed"  # posted by the action itself
        for space in rules.spaces.get(str(e.data.get("model")), ())
    }
    companies.moved(batch, rules, now)
    membership.test(membership.touched(batch, scored, rules), now, rules)
