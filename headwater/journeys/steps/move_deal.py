"""Move the person's newest open deal to a stage of its pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.sales import actions as sales
from headwater.sales.models import PipelineStage

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Reference
from ..rules.duration import RuleError


@step("move_deal", label=_("Move deal"), icon="arrow-right", hue=60, group="work")
class MoveDeal(Step):
    fields = (
        Reference(
            "stage", _("To the stage"), widget="stage", source="stages", help=_("Deals are won and lost by people")
        ),
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if not PipelineStage.objects.filter(pk=settings["stage"], kind="open").exists():
            raise RuleError(_("Choose an open stage."), "stage")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return f"{_('Move deal')}: {settings['called']}" if settings.get("called") else str(_("Move deal"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        moved = sales.move_deals([t.person_id for t in people], context.settings["stage"], actor=context.actor)
        return [GO if t.person_id in moved else Outcome("next", reason="refused:no_deal") for t in people]
