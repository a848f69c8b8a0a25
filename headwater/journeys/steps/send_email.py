"""Send email: a template, to whoever may get it. A mail that may not go out is said so, and she goes on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from headwater.messaging import actions as messaging
from headwater.messaging.actions import MailRequest, PurposeName
from headwater.messaging.actions import Outcome as Queued
from headwater.messaging.models import TrackedLink
from headwater.messaging.queries.templates import newest, sources

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.causes import values
from ..engine.fields import Choice, Reference
from ..engine.foresight.chance import drawn
from ..engine.foresight.walking import respond
from ._people import EVENT, opening, outside_hours

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("send_email", label=_("Send email"), icon="mail", hue=235, group="message")
class SendEmail(Step):
    fields = (
        Reference("template", _("Mail"), widget="template", source="templates"),
        Choice(
            "purpose",
            _("Purpose"),
            required=False,
            default="marketing",
            choices=[("marketing", _("Marketing: needs consent")), ("transactional", _("Transactional"))],
        ),
    )

    together = True
    sends, told_as = "email", "mail"
    asked_as = _("A mail of this journey")
    asks: ClassVar[Mapping[str, tuple[Any, Any]]] = {
        "sent": (_("was sent"), _("the mail was sent")),
        "opened": (_("opened"), _("opened the mail")),
        "clicked": (_("clicked"), _("clicked in the mail")),
        "bounced": (_("came back"), _("the mail came back")),
        "unsubscribed": (_("unsubscribed"), _("unsubscribed")),
    }

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(settings.get("called") or _("Mail"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        return cls.run_all([(context, people)])[0]

    @classmethod
    def wake(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        """The journey's hours have begun for her."""
        return cls.run(context, people)

    @classmethod
    def run_all(cls, groups: Sequence[tuple[Context, Sequence[Traveller]]]) -> list[Sequence[Outcome]]:
        requests: list[MailRequest] = []
        waiting = []
        says = of_event({int(context.settings["template"]) for context, _people in groups})
        for context, people in groups:
            opens = outside_hours(context, people)
            waiting.append(opens)
            template = int(context.settings["template"])
            requests += cls.requests(context, [t for t in people if t.person_id not in opens], says, template)
        queued = iter(cls.send(requests))
        return [
            [Outcome("wait", until=opens[t.person_id]) if t.person_id in opens else _went(next(queued)) for t in people]
            for (_context, people), opens in zip(groups, waiting, strict=True)
        ]

    @classmethod
    def send(cls, requests: Sequence[MailRequest]) -> Sequence[Queued]:
        """Put them on their way, or say why not."""
        return messaging.queue(requests)

    @classmethod
    def requests(
        cls, context: Context, people: Sequence[Traveller], says: Mapping[int, str], template: int, again: str = ""
    ) -> list[MailRequest]:
        """What to ask for. says: what templates say of what let people in; again: tells another try of the step apart
        from the first."""
        purpose: PurposeName = context.settings.get("purpose") or "marketing"
        events = values(people, context.version, says[template]) if says.get(template) else {}
        return [
            MailRequest(
                person_id=t.person_id,
                template_id=template,
                key=context.key(t) + again,
                purpose=purpose,
                actor=context.actor,
                context={"event": events.get((t.person_id, t.id), {})} if events else {},
            )
            for t in people
        ]

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        opens = opening(sight)
        if opens is not None:
            sight.way.held = True
            return Outcome("wait", until=opens)
        template, purpose = int(sight.settings["template"]), sight.settings.get("purpose") or "marketing"
        mails, person = sight.people.mails, sight.person
        consenting = person.consent_at(sight.way, cls.sends) == "granted"
        event = sight.event
        sent = person.sent.setdefault(cls.sends, [])
        refused = mails.refusal(person.id, template, purpose, sight.now, consenting, sent, event)
        if refused:
            return Outcome("next", reason=f"refused:{refused}")
        if mails.marketing(template, purpose):
            sent.append(sight.now)
        respond(sight, template, drawn(sight.key), cls.told_as)
        return GO


def _went(queued: Queued) -> Outcome:
    return Outcome("next", reason=f"refused:{queued.refused}") if queued.refused else GO


def of_event(templates: Collection[int]) -> dict[int, str]:
    """Templates that say something of what let the person in -> that, in one statement for all of them."""
    return {pk: says for pk, version in newest(templates).items() if (says := _says_event(pk, version))}


@lru_cache(maxsize=2000)
def _says_event(template_id: int, version: int) -> str:
    """The same of a version, which never changes: its tags, and the addresses that it links to."""
    source = sources([(template_id, version)]).get((template_id, version))
    if source is None:
        return ""
    links = TrackedLink.objects.filter(pk__in=source.links, url__contains=EVENT).values_list("url", flat=True)
    said = source.probe + " ".join(links)
    return said if EVENT in said else ""


#: As docs/the-way-of-an-event.md names it
run = SendEmail.run
