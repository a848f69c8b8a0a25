"""Points outside of the rules, and everything computed anew from the past."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from headwater.core import clock
from headwater.people.models import Contact
from headwater.timeline.actions import NewFact, in_lane, record_many

from .. import facts
from ..engine import history, scoring
from ..engine.book import book
from ..engine.ledger import Entry
from ..models import Segment
from .segments import rebuild_segment


@dataclass(frozen=True, slots=True)
class Points:
    """Points to give (or, below zero, to take). `id` makes it idempotent: the same id counts once."""

    person_id: int
    points: int
    reason: str
    actor: str
    model: str = "engagement"
    id: uuid.UUID | None = None


def add_points(items: Sequence[Points]) -> None:
    """Give points outside of the rules (by hand, by a journey, through the API), for any number of people in a
    constant number of statements. Each is a fact and a line of the ledger. Raises ValueError on an unknown model."""
    items = [i for i in items if i.points]
    if not items:
        return
    now = clock.now()
    with in_lane(*{i.person_id for i in items}):
        rules = book()
        done = _given_already([(i.person_id, i.id) for i in items if i.id])
        entries, told = [], []
        for i in items:
            if i.model not in rules.spaces:
                raise ValueError(f"there is no score model {i.model!r}")
            key = i.id or uuid.uuid4()
            if (i.person_id, key) in done:
                continue
            done.add((i.person_id, key))
            entries += [
                Entry(i.person_id, now, key, 0, space, i.points, "score.changed", i.reason[:200], i.actor)
                for space in rules.spaces[i.model]
            ]
            changed = facts.ScoreChanged(model=i.model, points=i.points, reason=i.reason)
            told.append(NewFact(i.person_id, changed, now, key, i.actor, fresh=True))
        record_many(told)
        scoring.post(entries, rules, now)


def _given_already(keys: list[tuple[int, uuid.UUID]]) -> set[tuple[int, uuid.UUID]]:
    if not keys:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, fact_id FROM audience_scoreentry WHERE person_id = ANY(%s::bigint[]) "
            "AND fact_id = ANY(%s::uuid[]) AND rule_id = 0",
            [[p for p, _ in keys], [k for _, k in keys]],
        )
        return set(cursor.fetchall())


def recompute(*, actor: str, person_ids: Sequence[int] | None = None, batch: int = 500) -> int:
    """Compute points by rule and interests anew from the whole history (everybody's, or these people's), a batch to
    a transaction, then build all segments anew. Bands that change are not told. Returns how many people."""
    ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True) if person_ids is None else person_ids)
    now = clock.now()
    for start in range(0, len(ids), batch):
        history.replay(ids[start : start + batch], book(), now)
    for pk in Segment.objects.values_list("pk", flat=True):
        rebuild_segment(pk, actor=actor)
    return len(ids)
