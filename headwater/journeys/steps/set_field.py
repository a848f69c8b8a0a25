"""Set or clear a field of the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.people import actions as people_actions

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import CONTACT_FIELDS, Choice, Text
from ..rules.duration import RuleError
from ._people import written


@step("set_field", label=_("Set field"), icon="pencil", hue=265, group="person")
class SetField(Step):
    fields = (
        Text("field", _("Field"), longest=80, source="contact_fields", help=_("A field of one's own: custom.NAME")),
        Choice("mode", _("What to do"), default="set", choices=[("set", _("Set")), ("clear", _("Clear"))]),
        Text("value", _("Value"), required=False, shown=("mode", ("set",)), help=_("{{ contact.name }} is filled in")),
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        field = settings["field"].removeprefix("contact.")
        if field not in CONTACT_FIELDS and not (field.startswith("custom.") and field.removeprefix("custom.").strip()):
            raise RuleError(_("There is no such field."), "field")
        if settings["mode"] == "set" and not settings.get("value"):
            raise RuleError(_("This is needed."), "value")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        field = str(settings.get("field") or "").removeprefix("contact.")
        name = CONTACT_FIELDS.get(field) or field.removeprefix("custom.").replace("_", " ")
        if settings.get("mode") == "clear":
            return str(_("Clear %(field)s") % {"field": name})
        return str(_("%(field)s: %(value)s") % {"field": name, "value": settings.get("value") or ""})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        field = settings["field"].removeprefix("contact.")
        if settings["mode"] == "clear":
            texts: Mapping[int, Any] = dict.fromkeys([t.person_id for t in people], None)
        else:
            texts = dict(zip([t.person_id for t in people], written(settings["value"], people, context), strict=True))
        name = field.removeprefix("custom.")
        values = {p: {"custom": {name: v}} if field.startswith("custom.") else {field: v} for p, v in texts.items()}
        refused = people_actions.set_fields(values, actor=context.actor)
        return [
            Outcome("next", reason=f"refused:{refused[t.person_id]}") if t.person_id in refused else GO for t in people
        ]
