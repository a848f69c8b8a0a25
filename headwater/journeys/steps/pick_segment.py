"""Put the person into a segment by hand, keep her out of it, or let its condition decide again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.audience import actions as audience
from headwater.audience.models import Segment

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Choice, Reference

#: What the audience calls the three sides
SIDES = {"in": "in", "out": "out", "free": ""}


@step("pick_segment", label=_("Segment member"), icon="filter", hue=190, group="person")
class PickSegment(Step):
    fields = (
        Reference("segment", _("Segment"), widget="segment", source="segments"),
        Choice(
            "side",
            _("What to do"),
            choices=[
                ("in", _("Always in")),
                ("out", _("Never in")),
                ("free", _("As the condition says")),
            ],
        ),
    )

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        sides: dict[str, Any] = dict(getattr(cls.fields[1], "choices", ()))
        side, name = sides.get(settings.get("side", ""), ""), settings.get("called")
        return f"{name}: {side}" if name else str(_("Segment: %(name)s") % {"name": side})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        ids = [t.person_id for t in people]
        try:
            audience.pick_members(
                int(settings["segment"]),
                ids,
                side=SIDES[settings["side"]],
                actor=context.actor,
                reason=context.version.name,
            )
        except Segment.DoesNotExist:
            return [Outcome("next", reason="refused:no_segment")] * len(people)
        return [GO] * len(people)
