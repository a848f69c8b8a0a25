"""Take the person out of another journey, or of all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.timeline.actions import NewFact, record_many

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Reference
from ..facts import JourneyCalled


@step("stop_journey", label=_("Stop journey"), icon="circle-x", hue=25, group="journey")
class StopJourney(Step):
    fields = (Reference("journey", _("Journey"), widget="journey", source="journeys", any=True),)

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        if settings.get("called"):
            return f"{_('Stop journey')}: {settings['called']}"
        return str(_("Stop all other journeys") if settings.get("journey") == "any" else _("Stop journey"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        journey = 0 if context.settings["journey"] == "any" else int(context.settings["journey"])
        record_many(
            [
                NewFact(
                    t.person_id,
                    JourneyCalled(journey=journey, what="stop", key=context.key(t), by=context.version.journey_id),
                    context.now,
                    actor=context.actor,
                )
                for t in people
            ]
        )
        return [GO] * len(people)
