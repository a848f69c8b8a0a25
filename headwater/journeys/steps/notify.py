"""Tell colleagues: in the bell of the page, and by mail if asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import Role, User
from headwater.people.models import Contact
from headwater.teamwork import actions as teamwork
from headwater.teamwork.actions import NewNotification

from ..engine import outgoing
from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Boolean, Choice, Reference, Text
from ..engine.outgoing import Wanted
from ..rules.duration import RuleError
from ._people import written


@step("notify", label=_("Tell colleagues"), icon="bell", hue=60, group="message")
class Notify(Step):
    fields = (
        Choice(
            "to",
            _("Whom"),
            choices=[
                ("owner", _("The person's owner")),
                ("user", _("A colleague")),
                ("role", _("Everybody of a role")),
            ],
        ),
        Reference("user", _("Colleague"), required=False, widget="user", source="users", shown=("to", ("user",))),
        Choice("role", _("Role"), required=False, choices=list(Role.choices), shown=("to", ("role",))),
        Text("text", _("Text"), longest=300, help=_("{{ contact.name }} is filled in")),
        Boolean("mail", _("By mail too"), required=False, default=False),
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if settings["to"] in ("user", "role") and not settings.get(settings["to"]):
            raise RuleError(_("Choose one."), settings["to"])

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(settings.get("text") or _("Tell colleagues"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        texts = written(settings["text"], people, context)
        told = _users(settings, [t.person_id for t in people])
        bells, mails = [], []
        for t, text in zip(people, (text[:300] for text in texts), strict=True):
            url = f"/people/{t.person_id}/"
            for user in told[t.person_id]:
                bells.append(NewNotification(user, text, url, context.key(t), icon="workflow"))
                key = f"{context.key(t)}@{user}"
                says = {"text": text, "url": url}
                mails.append(Wanted(t.person_id, key, outgoing.MAIL, str(user), says, context.version.journey_id))
        teamwork.notify(bells)
        if settings.get("mail"):
            outgoing.ask(mails, context.now)
        return [GO if told[t.person_id] else Outcome("next", reason="refused:nobody_to_tell") for t in people]


def _users(settings: Mapping[str, Any], person_ids: Sequence[int]) -> dict[int, list[int]]:
    """person -> the users who are told about her."""
    active = User.objects.filter(is_active=True)
    if settings["to"] == "owner":
        owners = Contact.objects.filter(pk__in=person_ids, owner__is_active=True).values_list("pk", "owner_id")
        found: dict[int, list[int]] = defaultdict(list)
        for person, owner in owners:
            if owner is not None:
                found[person] = [owner]
        return defaultdict(list, found)
    which = active.filter(pk=settings["user"]) if settings["to"] == "user" else active.filter(role=settings["role"])
    users = list(which.order_by("pk").values_list("pk", flat=True)[:50])
    return dict.fromkeys(person_ids, users)
