"""Open a deal for the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.core.money import MAX_AMOUNT
from headwater.sales import actions as sales
from headwater.sales.actions import NewDeal

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Number, Reference, Text
from ..rules.duration import RuleError
from ._amounts import amounts_of, paths_of
from ._people import written

CENT = Decimal("0.01")


@step("create_deal", label=_("Create deal"), icon="handshake", hue=60, group="work")
class CreateDeal(Step):
    fields = (
        Text("name", _("Name of the deal"), required=False, help=_("Empty: the company, or the person")),
        Reference("stage", _("Stage"), required=False, widget="stage", source="stages", help=_("Empty: the first")),
        Number("amount", _("Value"), required=False, least=0),
        Text(
            "amount_from",
            _("Deal value from"),
            required=False,
            longest=80,
            help=_("contact.FIELD, or event.FIELD of what let the person in"),
        ),
        Reference(
            "owner", _("For"), required=False, widget="user", source="users", help=_("Empty: the person's owner")
        ),
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if any(not path.startswith(("contact.", "event.")) for path in paths_of(settings)):
            raise RuleError(_("Write contact.FIELD or event.FIELD, several with commas."), "amount_from")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(
            _("Open a deal: %(name)s") % {"name": settings["name"]} if settings.get("name") else _("Open a deal")
        )

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        amounts = amounts_of(settings, people)
        names = written(settings.get("name") or "", people, context)
        items = []
        for t, name in zip(people, names, strict=True):
            amount = amounts[t.person_id, t.id]
            sound = amount is None or 0 <= amount <= MAX_AMOUNT
            items.append(
                NewDeal(
                    t.person_id,
                    context.key(t),
                    name,
                    amount.quantize(CENT) if amount is not None and sound else None,
                    settings.get("owner"),
                )
            )
        sales.create_deals(items, stage_id=settings.get("stage"), source=context.version.name, actor=context.actor)
        return [GO] * len(people)
