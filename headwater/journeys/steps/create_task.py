"""Create a task for the person's owner, or for a colleague."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.people.models import Contact
from headwater.teamwork import actions as teamwork
from headwater.teamwork.actions import NewTask

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Choice, Duration, Reference, Text
from ..rules import duration
from ._people import written


@step("create_task", label=_("Create task"), icon="square-check", hue=150, group="work")
class CreateTask(Step):
    fields = (
        Text("title", _("Title"), help=_("{{ contact.name }} is filled in")),
        Choice("kind", _("Kind"), choices=[("call", _("Call")), ("email", _("Email")), ("todo", _("To do"))]),
        Duration("due", _("Due in"), required=False),
        Choice(
            "priority",
            _("Priority"),
            required=False,
            choices=[("low", _("Low")), ("normal", _("Normal")), ("high", _("High"))],
        ),
        Reference(
            "owner", _("For"), required=False, widget="user", source="users", help=_("Empty: the person's owner")
        ),
    )

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        title = str(settings.get("title") or "")
        if settings.get("due"):
            return str(_("%(title)s · in %(time)s") % {"title": title, "time": duration.text(settings["due"])})
        return title

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        ids = [t.person_id for t in people]
        titles = written(settings["title"], people, context)
        owners: dict[int, int | None] = dict(Contact.objects.filter(pk__in=ids).values_list("pk", "owner_id"))
        due = context.now + duration.delta(settings["due"]) if settings.get("due") else None
        priority = {"low": 0, "high": 2}.get(settings.get("priority") or "", 1)
        teamwork.create_tasks(
            [
                NewTask(
                    person_id=t.person_id,
                    title=title[:200],
                    kind=settings["kind"],
                    due_at=due,
                    owner_id=settings.get("owner") or owners.get(t.person_id),
                    priority=priority,
                    key=context.key(t),
                )
                for t, title in zip(people, titles, strict=True)
            ],
            actor=context.actor,
        )
        return [GO] * len(people)
