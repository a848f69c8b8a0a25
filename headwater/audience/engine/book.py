"""The rule book: active rules, topics and segments, compiled, kept until their revision changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from headwater.audience.compiler import ConditionError, Known, Node, needs_of, parse_segment
from headwater.audience.models import Revision, ScoreModel, ScoreRule, Segment, TopicRule
from headwater.audience.rules import Test, where_test


@dataclass(frozen=True)
class Rule:
    id: int
    model_id: int
    points: int
    cap: int | None
    cap_per: str
    test: Test
    name: str


@dataclass(frozen=True, eq=False)
class Living:
    """A segment's generation that follows changes: the one that counts, or the one being built (`building`)."""

    id: int
    key: str
    name: str
    generation: int
    node: Node
    needs: frozenset[str]
    building: bool = False


@dataclass
class Book:
    token: UUID
    models: dict[int, ScoreModel]
    rules: dict[str, list[Rule]]
    topics: list[tuple[int, str, str]]  # (topic, match, lower-case value)
    topic_keys: dict[int, str]
    segments: list[Living] = field(default_factory=list)

    @cached_property
    def watched(self) -> frozenset[str]:
        """Every dependency that some segment has: what is not in here touches none."""
        return frozenset().union(*(s.needs for s in self.segments))

    @cached_property
    def watchers(self) -> dict[str, list[Living]]:
        """Dependency -> the segments that have it."""
        out: dict[str, list[Living]] = {}
        for s in self.segments:
            for key in s.needs:
                out.setdefault(key, []).append(s)
        return out

    def living(self) -> list[tuple[int, int]]:
        """(segment, generation) pairs that count now."""
        return [(s.id, s.generation) for s in self.segments if not s.building]


_cached: Book | None = None


def book() -> Book:
    """The book as it stands in this transaction: one small read where nothing changed."""
    global _cached
    token = Revision.objects.values_list("token", flat=True).get(pk=1)
    if _cached is None or _cached.token != token:
        _cached = _load(token)
    return _cached


def _load(token: UUID) -> Book:
    models = {m.pk: m for m in ScoreModel.objects.all()}
    rules: dict[str, list[Rule]] = {}
    for r in ScoreRule.objects.filter(active=True).order_by("pk"):
        made = Rule(r.pk, r.model_id, r.points, r.cap, r.cap_per, where_test(r.where), r.name)
        rules.setdefault(r.kind, []).append(made)
    topic_rules = TopicRule.objects.select_related("topic").order_by("pk")
    topics = [(r.topic_id, r.match, r.value.lower()) for r in topic_rules]
    keys = {r.topic_id: r.topic.key for r in topic_rules}
    return Book(token, models, rules, topics, keys, _segments())


def _segments() -> list[Living]:
    rows = list(Segment.objects.order_by("pk"))
    definitions = {
        s.key: Known(s.name, s.pending if s.pending is not None and s.generation == 0 else s.definition, s.picked)
        for s in rows
    }
    out = []
    for s in rows:
        if s.generation:
            out += _living(s, s.definition, s.generation, False, definitions)
        if s.pending is not None:
            out += _living(s, s.pending, s.pending_generation, True, definitions)
    return out


def _living(
    s: Segment, definition: Any, generation: int, building: bool, definitions: Mapping[str, Known]
) -> list[Living]:
    try:
        node = parse_segment(s.key, definition, s.picked, segments=definitions.get)
    except ConditionError:  # what it refers to is gone; the page says so
        return []
    return [Living(s.pk, s.key, s.name, generation, node, needs_of(node), building)]
