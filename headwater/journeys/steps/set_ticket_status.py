"""Give the person's tickets another status: solve what she no longer waits for, close what was solved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.service import actions as service
from headwater.service.models import Status

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Choice

#: status -> the tickets that get it. A ticket that has ended is not opened again by a journey.
FROM = {
    "open": ("new", "pending"),
    "pending": ("new", "open"),
    "solved": ("new", "open", "pending"),
    "closed": ("new", "open", "pending", "solved"),
}


@step("set_ticket_status", label=_("Set status of tickets"), icon="circle-check", hue=235, group="work")
class SetTicketStatus(Step):
    fields = (
        Choice(
            "status",
            _("To the status"),
            choices=[(value, label) for value, label in Status.choices if value in FROM],
            help=_("All her tickets that have not come to an end; closing closes solved ones, too"),
        ),
    )

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        status = dict(Status.choices).get(settings.get("status") or "", "")
        return str(_("Tickets: %(status)s") % {"status": status})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        status = context.settings["status"]
        ids = list({t.person_id for t in people})
        changed = service.set_status(ids, status, actor=context.actor, only=FROM[status])
        return [GO if t.person_id in changed else Outcome("next", reason="refused:no_ticket") for t in people]
