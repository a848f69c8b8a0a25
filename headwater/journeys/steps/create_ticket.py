"""Open a ticket for the person: a call back, a check, a question that service has to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.service import actions as service
from headwater.service.actions import NewTicket
from headwater.service.models import Kind, Priority

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Choice, Reference, Text
from ._people import written


@step("create_ticket", label=_("Create ticket"), icon="life-buoy", hue=235, group="work")
class CreateTicket(Step):
    fields = (
        Text("subject", _("Subject"), help=_("{{ contact.name }} is filled in")),
        Text("description", _("Description"), required=False, longest=2000, widget="long"),
        Choice("kind", _("Kind"), required=False, default=Kind.TECHNICAL.value, choices=list(Kind.choices)),
        Reference("queue", _("Queue"), required=False, source="queues", help=_("Empty: the first")),
        Choice(
            "priority", _("Priority"), required=False, default=Priority.NORMAL.value, choices=list(Priority.choices)
        ),
        Reference("assignee", _("For"), required=False, widget="user", source="users", help=_("Empty: nobody yet")),
    )

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(_("Ticket: %(subject)s") % {"subject": settings.get("subject") or ""})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        subjects = written(settings["subject"], people, context)
        texts = written(settings.get("description") or "", people, context)
        made = service.create_tickets(
            [
                NewTicket(
                    t.person_id,
                    subject.strip() or settings["subject"],
                    text,
                    key=context.key(t),
                    kind=settings.get("kind") or "technical",
                    queue_id=settings.get("queue"),
                    priority=settings.get("priority") or "normal",
                    assignee_id=settings.get("assignee"),
                    source=context.version.name,
                )
                for t, subject, text in zip(people, subjects, texts, strict=True)
            ],
            actor=context.actor,
        )
        return [GO if pk is not None else Outcome("next", reason="refused:no_person") for pk in made]
