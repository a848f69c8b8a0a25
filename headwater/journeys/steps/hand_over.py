"""Hand over to sales, by the worth of the deal: from the threshold on a call at once, below it back to nurture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from headwater.sales import actions as sales
from headwater.sales.actions import HandOver

from ..engine.base import Context, Outcome, Step, Traveller, step
from ..engine.fields import Number, Text
from ..rules.duration import RuleError
from ._amounts import amounts_of, foreseen, paths_of
from ._people import written

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("hand_over", label=_("Hand over to sales"), icon="handshake", hue=60, group="work")
class HandOverStep(Step):
    fields = (
        Text("reason", _("Reason"), help=_("Sales reads it first")),
        Text("deal_name", _("Name of the deal"), required=False),
        Text(
            "amount_from",
            _("Deal value from"),
            required=False,
            longest=80,
            help=_("contact.FIELD, or event.FIELD of what let the person in"),
        ),
        Number("amount", _("Value where it is not known"), required=False, least=0),
        Number("threshold", _("Hand over from a value of"), required=False, least=0, help=_("Empty: everybody")),
    )

    ways = (
        {"id": "next", "label": _("{threshold} and over")},
        {"id": "under", "label": _("Under {threshold}"), "if": "threshold"},
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if any(not path.startswith(("contact.", "event.")) for path in paths_of(settings)):
            raise RuleError(_("Write contact.FIELD or event.FIELD, several with commas."), "amount_from")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        if settings.get("threshold"):
            return str(_("Hand over from %(n)s") % {"n": f"{settings['threshold']:,}"})
        return str(_("Hand over to sales"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        amounts = amounts_of(settings, people)
        threshold = settings.get("threshold")
        out: list[Outcome | None] = [None] * len(people)
        going = []
        for n, t in enumerate(people):
            amount = amounts[t.person_id, t.id]
            if threshold is not None and (amount is None or amount < Decimal(str(threshold))):
                out[n] = Outcome("next", "under", f"value:{amount if amount is not None else '?'}")
            else:
                going.append((n, t))
        names = written(settings.get("deal_name") or "", [t for _n, t in going], context)
        done = sales.hand_over(
            [
                HandOver(
                    person_id=t.person_id,
                    reason=settings["reason"],
                    deal_name=name,
                    amount=amounts[t.person_id, t.id],
                    key=context.key(t),
                )
                for (_n, t), name in zip(going, names, strict=True)
            ],
            actor=context.actor,
        )
        for (n, _t), result in zip(going, done, strict=True):
            out[n] = Outcome("next", reason=f"refused:{result.refused}" if result.refused else "")
        return [o for o in out if o is not None]

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        threshold = sight.settings.get("threshold")
        amount = foreseen(sight.settings, sight.person.custom, sight.way.cause)
        if threshold is not None and (amount is None or amount < Decimal(str(threshold))):
            return Outcome("next", "under", f"value:{amount if amount is not None else '?'}")
        return Outcome("next")
