"""Give the person an owner: a colleague, whoever's turn it is, or nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.people import actions as people_actions
from headwater.people.models import Contact
from headwater.sales import actions as sales

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Boolean, Choice, Reference
from ..rules.duration import RuleError


@step("set_owner", label=_("Set owner"), icon="user-round", hue=300, group="person")
class SetOwner(Step):
    fields = (
        Choice(
            "how",
            _("Who"),
            choices=[
                ("user", _("A colleague")),
                ("turn", _("In turn, among those who take leads")),
                ("nobody", _("Nobody")),
            ],
        ),
        Reference("user", _("Colleague"), required=False, widget="user", source="users", shown=("how", ("user",))),
        Boolean("keep", _("Only where there is none"), required=False, default=True, shown=("how", ("user", "turn"))),
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if settings["how"] == "user" and not settings.get("user"):
            raise RuleError(_("Choose one."), "user")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        how = settings.get("how")
        if how == "nobody":
            return str(_("No owner"))
        return str(_("Owner in turn") if how == "turn" else _("Set owner"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        ids = list(dict.fromkeys(t.person_id for t in people))
        if settings.get("keep") and settings["how"] != "nobody":
            ids = list(Contact.objects.filter(pk__in=ids, owner=None).order_by("pk").values_list("pk", flat=True))
        owners: dict[int, int | None] = dict.fromkeys(ids, settings.get("user") if settings["how"] == "user" else None)
        if settings["how"] == "turn":
            turn = sales.take_turns(len(ids))
            if not turn:
                return [Outcome("next", reason="refused:nobody_takes_leads")] * len(people)
            owners = dict(zip(ids, turn, strict=True))
        people_actions.set_owners(owners, reason=context.version.name, actor=context.actor)
        return [GO] * len(people)
