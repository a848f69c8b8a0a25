"""Scores that journeys use say so, and stay."""

from __future__ import annotations

import pytest

from headwater.audience import actions as audience
from headwater.audience import queries
from headwater.audience.models import ScoreModel
from headwater.journeys.models import Journey

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "part",
    [
        {"entries": [{"kind": "score", "model": "fit", "band": "hot"}]},
        {"steps": [{"type": "change_score", "settings": {"model": "fit", "points": 5}}]},
        {"goals": [{"kind": "condition", "condition": {"all": [{"score": "fit", "op": "gte", "value": 5}]}}]},
    ],
)
def test_a_score_that_a_journey_names_is_not_deleted(part: dict[str, object]) -> None:
    model = audience.create_model(name="Fit", actor="t")
    made = Journey.objects.create(name="Welcome", draft=part)
    assert [(use.name, use.url) for use in queries.score_users(model)] == [("Welcome", f"/journeys/{made.pk}/")]
    with pytest.raises(audience.InUse, match="Welcome"):
        audience.delete_model(model.pk, actor="t")
    assert queries.score_users(ScoreModel.objects.get(key="engagement")) == []
