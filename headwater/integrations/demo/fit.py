"""The demo company's scores: interest that cools down, and how well people fit its offer, a score of who they are and
not of what they do."""

from __future__ import annotations

from typing import Any

from headwater.audience import actions as audience
from headwater.audience.models import ScoreModel
from headwater.audience.queries import ENGAGEMENT

KEY = "fit"
#: Days in which the points of the lead score halve: so that about every eighth is hot
HALF_LIFE = 120
BANDS: list[dict[str, Any]] = [
    {"key": "poor", "name": "Poor", "hue": 235, "start": None},
    {"key": "good", "name": "Good", "hue": 150, "start": 20},
    {"key": "ideal", "name": "Ideal", "hue": 300, "start": 40},
]


def _title(*words: str) -> dict[str, Any]:
    return {"any": [{"field": "contact.job_title", "op": "contains", "value": word} for word in words]}


#: Name, condition, points
RULES: list[tuple[str, dict[str, Any], int]] = [
    ("Decides on the budget", _title("Head of", "director", "Chief"), 25),
    ("Runs stores or marketing", _title("Store operations", "Marketing manager"), 15),
    ("Company is known", {"field": "company.industry", "op": "not_empty"}, 15),
    ("Only studies", _title("Student"), -30),
]


def ensure_scores(actor: str) -> None:
    """Set them up, once; they are computed by `runs`."""
    if ScoreModel.objects.filter(key=KEY).exists():
        return
    lead = ScoreModel.objects.get(key=ENGAGEMENT)
    audience.update_model(lead.pk, decay="half", decay_days=HALF_LIFE, actor=actor)
    audience.create_model(
        key=KEY, name="Fit", description="Who they are: role and company", bands=BANDS, rollup="avg", actor=actor
    )
    for name, condition, points in RULES:
        audience.create_rule(model=KEY, name=name, condition=condition, points=points, actor=actor)
