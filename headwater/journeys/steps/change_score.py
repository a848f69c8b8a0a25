"""Change the score by some points."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.audience import actions as audience
from headwater.audience.actions import Points
from headwater.core.ids import named_ids

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Number, Text

_SPACE = uuid.UUID("6f0d3b5e-5d5e-4b5c-9c7e-6a1b7d1f2a10")


@step("change_score", label=_("Change score"), icon="trophy", hue=150, group="person")
class ChangeScore(Step):
    fields = (
        Number("points", _("Points"), least=-1000, most=1000, help=_("Below zero takes points away")),
        Text("model", _("Score"), required=False, longest=40, source="score_models"),
    )

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(_("Lead score %(points)s") % {"points": f"{int(settings.get('points') or 0):+d}"})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        points, model = int(context.settings["points"]), context.settings.get("model") or "engagement"
        ids = named_ids(_SPACE, [context.key(t) for t in people])
        audience.add_points(
            [
                Points(t.person_id, points, context.version.name, context.actor, model, key)
                for t, key in zip(people, ids, strict=True)
            ]
        )
        return [GO] * len(people)
