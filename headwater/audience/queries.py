"""Reading scores, interests and segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from headwater.core import clock

from .compiler import Scope, parse, statement
from .models import Interest, PersonScore, ScoreEntry, ScoreModel, ScoreRule, Topic
from .rules import COLD, band

ENGAGEMENT = "engagement"


@dataclass(frozen=True, slots=True)
class Score:
    points: int
    band: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger."""

    at: datetime
    points: int
    why: str
    kind: str
    fact_id: UUID
    rule_id: int
    actor: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`points` is the sum of the points of all lines."""

    model: str
    points: int
    band: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class TopicInterest:
    key: str
    name: str
    hue: int
    weight: int
    last_at: datetime


def matching(condition: Any, person_ids: Sequence[int]) -> set[int]:
    """Those of these people for whom the condition (JSON of a segment) holds now. Raises ConditionError."""
    if not person_ids:
        return set()
    said = statement(parse(condition), now=clock.now(), scope=Scope(ids=list(person_ids)))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT p.id FROM {said.source} WHERE {said.inside}", said.params)
        return {row[0] for row in cursor.fetchall()}


def scores(person_ids: Sequence[int], model: str = ENGAGEMENT) -> dict[int, Score]:
    """The score of each of these people; those who have none are cold with 0 points."""
    rows = PersonScore.objects.filter(
        person_id__in=list(person_ids), model_id__in=ScoreModel.objects.filter(key=model).values("pk")
    ).values_list("person_id", "points", "band")
    out = {p: Score(0, COLD) for p in person_ids}
    out.update({p: Score(points, band) for p, points, band in rows})
    return out


def explain_score(person_id: int, model: str = ENGAGEMENT) -> Explanation:
    """Every line that makes the score, newest first; they add up to the points exactly."""
    found = ScoreModel.objects.filter(key=model).first()
    if found is None:
        return Explanation(model, 0, COLD, [])
    names = dict(ScoreRule.objects.filter(model=found).values_list("pk", "name"))
    rows = ScoreEntry.objects.filter(person_id=person_id, model_id=found.pk).order_by("-at", "-fact_id")
    lines = [
        Line(r.at, r.points, names.get(r.rule_id) or r.reason or r.kind, r.kind, r.fact_id, r.rule_id, r.actor)
        for r in rows
    ]
    points = sum(line.points for line in lines)
    return Explanation(model, points, band(points, found.warm, found.hot), lines)


def interests(person_ids: Sequence[int]) -> dict[int, list[TopicInterest]]:
    """Each person's topics, strongest first."""
    out: dict[int, list[TopicInterest]] = {p: [] for p in person_ids}
    topics = {t.pk: t for t in Topic.objects.all()}
    rows = Interest.objects.filter(person_id__in=list(person_ids)).order_by("person_id", "-weight", "-last_at")
    for r in rows:
        if (topic := topics.get(r.topic_id)) is not None:
            out[r.person_id].append(TopicInterest(topic.key, topic.name, topic.hue, r.weight, r.last_at))
    return out
