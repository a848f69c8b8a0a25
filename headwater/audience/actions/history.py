"""Points of the past that somebody or a journey gave, in bulk, for sample data and imports: lines of the ledger only.

Call `recompute` afterwards: it adds them up together with the points by rule.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from headwater.core import clock

from ..engine import scoring
from ..engine.book import book
from ..engine.ledger import Entry


@dataclass(frozen=True, slots=True)
class PointsSeed:
    """Points outside of the rules. fact_id: that of the fact `score.changed` which tells of them."""

    person_id: int
    points: int
    reason: str
    at: datetime
    fact_id: uuid.UUID
    actor: str
    model: str = "engagement"


@transaction.atomic
def import_points(seeds: Sequence[PointsSeed]) -> None:
    """Write them. Raises KeyError on a score model that is not there."""
    rules = book()
    entries = [
        Entry(s.person_id, s.at, s.fact_id, 0, space, s.points, "score.changed", s.reason[:200], s.actor)
        for s in seeds
        for space in rules.spaces[s.model]
    ]
    scoring.post(entries, rules, clock.now(), tell=False)
