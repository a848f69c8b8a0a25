"""Points by hand: ledger, score, band and facts agree."""

from __future__ import annotations

import uuid

import pytest

from headwater.audience import actions, queries
from headwater.timeline import queries as timeline

from .helpers import person

pytestmark = pytest.mark.django_db


def test_points_given_by_hand_are_explained_and_change_the_band() -> None:
    a = person()
    actions.add_points([actions.Points(a, 15, "call", "user:1"), actions.Points(a, 10, "fair", "journey:2")])
    assert queries.scores([a, a + 1]) == {a: queries.Score(25, "warm"), a + 1: queries.Score(0, "cold")}
    why = queries.explain_score(a)
    assert (why.points, why.band) == (25, "warm")
    assert sorted((line.points, line.why, line.actor) for line in why.lines) == [
        (10, "fair", "journey:2"),
        (15, "call", "user:1"),
    ]
    told = [(e.kind, e.data) for e in timeline.read(a)]
    turned = {"model": "engagement", "before": "cold", "after": "warm", "points": 25, "direction": "up"}
    assert ("score.band_changed", turned) in told
    assert [kind for kind, _ in told].count("score.changed") == 2


def test_points_with_the_same_id_count_once() -> None:
    a, key = person(), uuid.UUID(int=1)
    for _ in range(2):
        actions.add_points([actions.Points(a, 15, "call", "journey:1", id=key)])
    assert queries.scores([a])[a].points == 15
    assert len(timeline.read(a)) == 1


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no score model 'nope'"):
        actions.add_points([actions.Points(person(), 15, "call", "user:1", model="nope")])
