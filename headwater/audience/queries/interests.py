"""Reading topics and interests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count

from ..models import Interest, Topic


@dataclass(frozen=True, slots=True)
class TopicInterest:
    key: str
    name: str
    hue: int
    weight: int
    last_at: datetime


def interests(person_ids: Sequence[int]) -> dict[int, list[TopicInterest]]:
    """Each person's topics, strongest first."""
    out: dict[int, list[TopicInterest]] = {p: [] for p in person_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.person_id, t.key, t.name, t.hue, i.weight, i.last_at FROM audience_interest i "
            "JOIN audience_topic t ON t.id = i.topic_id WHERE i.person_id = ANY(%s) "
            "ORDER BY i.person_id, i.weight DESC, i.last_at DESC",
            [list(out)],
        )
        for person_id, *found in cursor.fetchall():
            out[person_id].append(TopicInterest(*found))
    return out


def topics() -> list[tuple[Topic, int]]:
    """Every topic with its rules and with how many people showed interest in it."""
    counts = dict(Interest.objects.values_list("topic_id").annotate(n=Count("person_id")))
    return [(t, counts.get(t.pk, 0)) for t in Topic.objects.prefetch_related("rules").order_by("name")]


def interested(topic: Topic, *, limit: int = 50) -> list[Interest]:
    """Who shows most interest in a topic, strongest first."""
    return list(Interest.objects.filter(topic_id=topic.pk).order_by("-weight", "person_id")[:limit])
