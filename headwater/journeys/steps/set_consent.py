"""Keep a consent, or take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from headwater.people import actions as people_actions
from headwater.people.actions import ConsentChange

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Choice, Text
from ..rules.duration import RuleError

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("set_consent", label=_("Set consent"), icon="shield-check", hue=150, group="person")
class SetConsent(Step):
    fields = (
        Choice(
            "channel",
            _("Channel"),
            default="email",
            choices=[
                ("email", _("Email")),
                ("sms", _("SMS")),
                ("whatsapp", "WhatsApp"),
                ("push", _("Push")),
                ("phone", _("Phone")),
                ("post", _("Post")),
            ],
        ),
        Choice("state", _("Consent"), choices=[("granted", _("granted")), ("withdrawn", _("withdrawn"))]),
        Text("topic", _("Topic"), required=False, longest=40, source="topics", help=_("Empty: the whole channel")),
        Text("proof", _("What was agreed to, and where"), required=False, longest=500, shown=("state", ("granted",))),
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if settings["state"] == "granted" and not settings.get("proof"):
            raise RuleError(_("Say what was agreed to: a consent needs its proof."), "proof")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        channels: dict[str, Any] = dict(getattr(cls.fields[0], "choices", ()))
        channel = channels.get(settings.get("channel", ""), "")
        words = _("Consent for %(channel)s withdrawn")
        if settings.get("state") == "granted":
            words = _("Consent for %(channel)s granted")
        return str(words % {"channel": channel})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        proof = {"source": context.actor, "text": settings.get("proof") or ""}
        people_actions.set_consents(
            [
                ConsentChange(t.person_id, settings["channel"], settings["state"], settings.get("topic") or "", proof)
                for t in people
            ],
            actor=context.actor,
        )
        return [GO] * len(people)

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        settings = sight.settings
        if not settings.get("topic"):
            sight.way.consents[settings["channel"]] = str(settings["state"])
        return GO
