"""Set the lifecycle stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.people import actions as people_actions
from headwater.people.models import Stage

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Choice


@step("set_stage", label=_("Set stage"), icon="circle-dot", hue=60, group="person")
class SetStage(Step):
    fields = (Choice("stage", _("Stage"), choices=[c for c in Stage.choices if c[0] != "visitor"]),)

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(_("Stage: %(stage)s") % {"stage": dict(Stage.choices).get(settings.get("stage", ""), "")})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        people_actions.set_stage(
            [t.person_id for t in people],
            context.settings["stage"],
            reason=context.version.name,
            actor=context.actor,
        )
        return [GO] * len(people)
