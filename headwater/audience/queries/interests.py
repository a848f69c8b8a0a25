"""Reading topics and interests: what they are worth now, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count

from headwater.core import clock

from ..engine.book import book
from ..engine.ledger import turned
from ..models import Interest, ScoreEntry, Topic
from ..rules import Decay
from .scores import Explanation, added_up, day_by_day


@dataclass(frozen=True, slots=True)
class TopicInterest:
    key: str
    name: str
    hue: int
    weight: int
    last_at: datetime


def interests(person_ids: Sequence[int]) -> dict[int, list[TopicInterest]]:
    """Each person's topics, strongest first. What is due is computed on the spot."""
    out: dict[int, list[TopicInterest]] = {p: [] for p in person_ids}
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.person_id, -i.topic_id, i.weight, i.last_at, i.turns_at <= %s, t.key, t.name, t.hue "
            "FROM audience_interest i JOIN audience_topic t ON coalesce(t.space, t.id) = i.topic_id "
            "WHERE i.person_id = ANY(%s)",
            [now, list(out)],
        )
        rows = cursor.fetchall()
    due = [(p, space) for p, space, _weight, _last, late, *_topic in rows if late]
    fresh = turned(due, book(), now) if due else {}
    for p, space, weight, last, _late, key, name, hue in rows:
        weight = fresh[p, space][0] if (p, space) in fresh else weight
        if weight:
            out[p].append(TopicInterest(key, name, hue, weight, last))
    return {p: sorted(found, key=lambda t: (-t.weight, -t.last_at.timestamp())) for p, found in out.items()}


def _decay(topic: Topic) -> Decay:
    """The decay that holds (while another one is being computed, the one before)."""
    held = book().topics.get(-topic.living)
    return held.decay if held else Decay(topic.decay, topic.decay_days)


def explain_interest(person_id: int, key: str) -> Explanation:
    """Every sign that makes a person's interest in a topic, newest first, with what is left of it now; it adds up as
    an explained score does. Raises Topic.DoesNotExist."""
    topic = Topic.objects.get(key=key)
    decay = _decay(topic)
    rows = ScoreEntry.objects.filter(person_id=person_id, model_id=-topic.living).order_by("-at", "-fact_id")
    points, rounding, lines = added_up(list(rows), {}, decay)
    return Explanation(key, points, "", lines, rounding, topic.name, decay.kind, decay.days)


def interest_history(person_id: int, key: str, days: int = 90) -> list[int]:
    """What the interest was worth at the end of each of the last `days` days (UTC), oldest first; the last one is
    now. Raises Topic.DoesNotExist."""
    topic = Topic.objects.get(key=key)
    return day_by_day(person_id, -topic.living, _decay(topic), days)


def topics() -> list[tuple[Topic, int]]:
    """Every topic with its rules and with how many people are interested in it."""
    rows = Interest.objects.filter(weight__gt=0).values_list("topic_id")
    counts = dict(rows.annotate(n=Count("person_id")))
    return [(t, counts.get(t.living, 0)) for t in Topic.objects.prefetch_related("rules").order_by("name")]


def interested(topic: Topic, *, limit: int = 50) -> list[Interest]:
    """Who shows most interest in a topic, strongest first."""
    rows = Interest.objects.filter(topic_id=topic.living, weight__gt=0)
    return list(rows.order_by("-weight", "person_id")[:limit])
