"""Webhook: tell another system, by a signed POST of JSON. It is made after the step, and tried again for half a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from headwater.content import queries as content
from headwater.content.rules import prune

from ..engine import outgoing
from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.causes import values
from ..engine.fields import Pairs, Text
from ..engine.outgoing import Wanted
from ..rules.duration import RuleError
from ._people import EVENT, filled


@step("webhook", label=_("Webhook"), icon="link", hue=190, group="message")
class Webhook(Step):
    fields = (
        Text("url", _("Address"), longest=500, help=_("Gets a signed POST with JSON")),
        Pairs("data", _("Fields"), required=False, help=_("{{ contact.email }} is filled in")),
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        try:
            parts = urlsplit(settings["url"])
            sound = (
                parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and parts.port != 0
            )
        except ValueError:
            sound = False
        if not sound:
            raise RuleError(_("An address looks like https://example.com/hook."), "url")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        try:
            host = urlsplit(str(settings.get("url") or "")).hostname
        except ValueError:
            host = None
        return str(_("Webhook to %(host)s") % {"host": host} if host else _("Webhook"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        contexts = content.contexts([t.person_id for t in people])
        events = values(people, context.version, str(settings["data"])) if EVENT in str(settings.get("data")) else {}
        outgoing.ask(
            [
                Wanted(
                    t.person_id,
                    context.key(t),
                    outgoing.WEBHOOK,
                    settings["url"],
                    _payload(
                        context,
                        t,
                        contexts.get(t.person_id, {}) | {"event": prune(events.get((t.person_id, t.id), {}))},
                    ),
                    context.version.journey_id,
                )
                for t in people
            ],
            context.now,
        )
        return [GO] * len(people)


def _payload(context: Context, t: Traveller, values: Mapping[str, Any]) -> dict[str, Any]:
    contact = values.get("contact") or {}
    data = {
        pair["name"]: filled(pair["value"], values) if isinstance(pair.get("value"), str) else pair.get("value")
        for pair in context.settings.get("data") or []
    }
    return {
        "event": "journey.step",
        "at": context.now.isoformat(),
        "journey": {"id": context.version.journey_id, "name": context.version.name, "version": context.version.number},
        "step": context.node.id,
        "person": {"id": t.person_id, **{key: contact.get(key, "") for key in ("email", "name", "stage")}},
        "data": data,
    }
