"""Hand over to sales, by the worth of the deal: from the threshold on a call at once, below it back to nurture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from headwater.people.models import Contact
from headwater.sales import actions as sales
from headwater.sales.actions import HandOver

from ..engine.base import Context, Outcome, Step, Traveller, step
from ..engine.fields import Number, Text
from ..rules.duration import RuleError
from ._people import written


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
        if any(not path.startswith(("contact.", "event.")) for path in _paths(settings)):
            raise RuleError("Write contact.FIELD or event.FIELD, several with commas.", "amount_from")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        if settings.get("threshold"):
            return str(_("Hand over from %(n)s") % {"n": f"{settings['threshold']:,}"})
        return str(_("Hand over to sales"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        amounts = _amounts(settings, people)
        threshold = settings.get("threshold")
        out: list[Outcome | None] = [None] * len(people)
        going = []
        for n, t in enumerate(people):
            amount = amounts[t.person_id, t.id]
            if threshold is not None and (amount is None or amount < Decimal(str(threshold))):
                out[n] = Outcome("next", "under", f"value:{amount if amount is not None else '?'}")
            else:
                going.append((n, t))
        names = written(settings.get("deal_name") or "", [t for _n, t in going])
        done = sales.hand_over(
            [
                HandOver(
                    person_id=t.person_id,
                    reason=settings["reason"],
                    deal_name=names[t.person_id],
                    amount=amounts[t.person_id, t.id],
                    key=context.key(t),
                )
                for _n, t in going
            ],
            actor=context.actor,
        )
        for (n, _t), result in zip(going, done, strict=True):
            out[n] = Outcome("next", reason=f"refused:{result.refused}" if result.refused else "")
        return [o for o in out if o is not None]


#: (person_id, passage id)
Key = tuple[int, int]


def _amounts(settings: Mapping[str, Any], people: Sequence[Traveller]) -> dict[Key, Decimal | None]:
    """passage -> the worth of the deal; the default where it is not known."""
    default = _decimal(settings.get("amount"))
    found: dict[Key, Decimal | None] = dict.fromkeys([(t.person_id, t.id) for t in people])
    for path in _paths(settings):
        source, _dot, name = path.partition(".")
        values = _of_contacts(name, people) if source == "contact" else _of_causes(name, people)
        for key in found:
            if found[key] is None:
                found[key] = _decimal(values.get(key))
    return {key: default if value is None else value for key, value in found.items()}


def _paths(settings: Mapping[str, Any]) -> list[str]:
    return [part.strip() for part in (settings.get("amount_from") or "").split(",") if part.strip()]


def _of_contacts(name: str, people: Sequence[Traveller]) -> dict[Key, Any]:
    custom = dict(Contact.objects.filter(pk__in=[t.person_id for t in people]).values_list("pk", "custom"))
    return {(t.person_id, t.id): (custom.get(t.person_id) or {}).get(name.removeprefix("custom.")) for t in people}


def _of_causes(name: str, people: Sequence[Traveller]) -> dict[Key, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id, p.id, p.why::text FROM unnest(%s::bigint[], %s::bigint[]) AS v(person_id, id) "
            "JOIN journeys_passage p ON p.person_id = v.person_id AND p.id = v.id",
            [[t.person_id for t in people], [t.id for t in people]],
        )
        return {(person, pk): (json.loads(text).get("data") or {}).get(name) for person, pk, text in cursor.fetchall()}


def _decimal(value: Any) -> Decimal | None:
    try:
        found = None if value in (None, "") else Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None
