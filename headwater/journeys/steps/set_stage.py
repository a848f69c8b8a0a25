"""Set the lifecycle stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from headwater.people import actions as people_actions
from headwater.people.models import Stage

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Choice

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


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

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        before, after = sight.person.stage_at(sight.way), str(sight.settings["stage"])
        if before != after:
            sight.way.stage = after
            sight.happen("stage.changed", {"before": before, "after": after})
        return GO
