"""Ledgers of many people at once: what scores and interests were at a moment that is past."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from ..engine.ledger import second_of
from ..models import ScoreModel, ScoreRule, Topic
from ..rules import STANDS, Band, Decay, Given, band_of, points_at
from .interests import _decay as decay_of_topic
from .scores import _decay as decay_of_model

LINES = (
    "SELECT person_id, model_id, points, at, kind FROM audience_scoreentry WHERE person_id = ANY(%s::bigint[]) "
    "AND model_id = ANY(%s::bigint[]) ORDER BY person_id, at"
)


@dataclass
class Lines:
    """One person's lines, oldest first: when, in which second, what was given."""

    at: list[datetime] = field(default_factory=list)
    seconds: list[int] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)


@dataclass(frozen=True)
class Past:
    """What a score or an interest was, by the lines that are there now. stands: it has rules whose points go when
    their condition ends, without a trace."""

    key: str
    decay: Decay
    lines: Mapping[int, Lines]
    bands: Sequence[Band] = ()
    stands: bool = False

    def points(self, person_id: int, at: datetime) -> int:
        """Her points at that moment."""
        found = self.lines.get(person_id)
        if found is None:
            return 0
        second = second_of(at)
        return points_at(found.given[: bisect_right(found.seconds, second)], self.decay, second)

    def band(self, person_id: int, at: datetime) -> str:
        """The key of her band at that moment."""
        return band_of(self.points(person_id, at), self.bands)

    def last(self, person_id: int, at: datetime) -> datetime | None:
        """When the last line was added by then."""
        found = self.lines.get(person_id)
        place = bisect_right(found.at, at) if found else 0
        return found.at[place - 1] if found and place else None


def past_scores(person_ids: Sequence[int], keys: Iterable[str]) -> dict[str, Past]:
    """Model -> what its scores were, for these people. Three statements."""
    models = list(ScoreModel.objects.filter(key__in=list(keys)))
    if not models:
        return {}
    rules = ScoreRule.objects.filter(model_id__in=[m.pk for m in models], condition__isnull=False)
    standing = set(rules.values_list("model_id", flat=True))
    lines = _lines(person_ids, [m.living for m in models])
    return {m.key: Past(m.key, decay_of_model(m), lines[m.living], m.bands, m.pk in standing) for m in models}


def past_interests(person_ids: Sequence[int], keys: Iterable[str]) -> dict[str, Past]:
    """Topic -> what the interest in it was, for these people. Two statements."""
    topics = list(Topic.objects.filter(key__in=list(keys)))
    lines = _lines(person_ids, [-t.living for t in topics]) if topics else {}
    return {t.key: Past(t.key, decay_of_topic(t), lines[-t.living]) for t in topics}


def _lines(person_ids: Sequence[int], spaces: Sequence[int]) -> Mapping[int, dict[int, Lines]]:
    """space -> person -> her lines."""
    out: dict[int, dict[int, Lines]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(LINES, [list(person_ids), list(spaces)])
        for person, space, points, at, kind in cursor.fetchall():
            found = out[space].setdefault(person, Lines())
            found.at.append(at)
            found.seconds.append(second_of(at))
            found.given.append(Given(points, found.seconds[-1], kind == STANDS))
    return out
