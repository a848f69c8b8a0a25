"""The rule book: score models, active rules, topics and segments, compiled, kept until their revision changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from headwater.audience.compiler import ConditionError, Known, Node, needs_of, parse_segment
from headwater.audience.models import Revision, ScoreModel, ScoreRule, ScoreRun, Segment, Topic

from .heeding import Heeders, heeders
from .scales import Rule, Scale, scales_of, topics_of

#: Segments asked by one statement
TOGETHER = 60


@dataclass(frozen=True, eq=False)
class Living:
    """A segment's generation that follows changes: the one that counts, or the one being built (`building`). A scoring
    rule with a condition is one too: its id is that of the rule below zero, its generation the space it scores in."""

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
    #: Space -> the model in it
    scales: dict[int, Scale]
    #: Kind of fact -> rules (each with the space it scores in)
    rules: dict[str, list[Rule]]
    #: Space of a topic (below zero) -> the topic in it, a score of its signs
    topics: dict[int, Scale]
    signs: list[tuple[int, str, str]]  # (space, match, lower-case value)
    #: (-rule, space) -> rules that count while a condition holds
    standing: dict[tuple[int, int], Rule]
    segments: list[Living] = field(default_factory=list)
    _heeders: dict[tuple[str, str], Heeders] = field(default_factory=dict)

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

    def heeders(self, key: str, kind: str) -> Heeders:
        """The segments that have a dependency, and which facts of a kind that touch it they heed."""
        found = self._heeders.get((key, kind))
        if found is None:
            found = self._heeders[key, kind] = heeders(self.watchers.get(key, ()), key, kind)
        return found

    @cached_property
    def blocks(self) -> list[list[Living]]:
        """The segments that count now (and the rules' conditions, apart), in blocks that are always asked together:
        what hears of the same facts side by side."""
        out: list[list[Living]] = []
        for rules in (False, True):
            ordered = sorted(
                (s for s in self.segments if not s.building and (s.id < 0) == rules),
                key=lambda s: (sorted(n for n in s.needs if n.startswith("kind:")), sorted(s.needs), s.id),
            )
            out += [ordered[start : start + TOGETHER] for start in range(0, len(ordered), TOGETHER)]
        return out

    @cached_property
    def spaces(self) -> dict[str, list[int]]:
        """Key of a model -> the spaces that its points go to, the living one first."""
        out: dict[str, list[int]] = {}
        for scale in sorted(self.scales.values(), key=lambda s: s.building):
            out.setdefault(scale.key, []).append(scale.space)
        return out

    @cached_property
    def every(self) -> dict[int, Scale]:
        """Whatever is scored in the ledger: models and topics."""
        return {**self.scales, **self.topics}

    def living(self) -> list[tuple[int, int]]:
        """(segment, generation) pairs that count now."""
        return [(s.id, s.generation) for s in self.segments if not s.building]


_cached: Book | None = None


def book() -> Book:
    """The book as it stands in this transaction: one small read where nothing changed."""
    global _cached
    with connection.cursor() as cursor:  # each batch and each list of people asks it
        cursor.execute("SELECT token FROM audience_revision WHERE id = 1")
        token = cursor.fetchone()[0]
    if _cached is None or _cached.token != token:
        _cached = _load(token)
    return _cached


def touch() -> None:
    """Tell every process that generations changed (takes effect with the caller's commit)."""
    Revision.objects.filter(pk=1).update(token=uuid4())


def _load(token: UUID) -> Book:
    runs = {r.model_id: r for r in ScoreRun.objects.filter(state=ScoreRun.State.RUNNING).order_by("pk")}
    models = list(ScoreModel.objects.filter(archived_at=None).order_by("pk"))
    rules = list(ScoreRule.objects.order_by("pk"))
    scales, heard, standing = scales_of(models, rules, runs)
    topics, signs = topics_of(list(Topic.objects.prefetch_related("rules").order_by("pk")), runs)
    segments, definitions = _segments()
    for (_id, space), (rule, condition) in standing.items():
        segments += _living(-rule.id, f"rule-{rule.id}", rule.name, condition, False, space, False, definitions)
    by_place = {place: rule for place, (rule, _c) in standing.items()}
    return Book(token, scales, heard, topics, signs, by_place, segments)


def _segments() -> tuple[list[Living], Mapping[str, Known]]:
    rows = list(Segment.objects.order_by("pk"))
    definitions = {
        s.key: Known(s.name, s.pending if s.pending is not None and s.generation == 0 else s.definition, s.picked)
        for s in rows
    }
    out = []
    for s in rows:
        if s.generation:
            out += _living(s.pk, s.key, s.name, s.definition, s.picked, s.generation, False, definitions)
        if s.pending is not None:
            out += _living(s.pk, s.key, s.name, s.pending, s.picked, s.pending_generation, True, definitions)
    return out, definitions


def _living(
    pk: int,
    key: str,
    name: str,
    definition: Any,
    picked: bool,
    generation: int,
    building: bool,
    definitions: Mapping[str, Known],
) -> list[Living]:
    try:
        node = parse_segment(key, definition, picked, segments=definitions.get)
    except ConditionError:  # what it refers to is gone; the page says so
        return []
    return [Living(pk, key, name, generation, node, needs_of(node), building)]
