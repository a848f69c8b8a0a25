"""Best channel: a mail, a text or a push message, whichever she is likeliest to answer of those open to her."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import caches
from django.utils.translation import gettext_lazy as _
from msgspec import json

from headwater.messaging.queries.answers import answers_of, answers_of_all, open_channels

from ..engine.base import Context, Outcome, Step, Traveller, step
from ..engine.fields import Choice, Reference
from ..engine.foresight.chance import drawn
from ..engine.foresight.walking import respond
from ..rules.best_channel import DAYS, NOTHING, Counts, ranked
from ._people import opening, outside_hours
from .send_email import SendEmail, of_event
from .send_push import SendPush
from .send_sms import SendSms

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight

#: channel -> the step that sends over it alone
OVER: dict[str, type[SendEmail]] = {"email": SendEmail, "sms": SendSms, "push": SendPush}
#: How long what everybody does is kept, in seconds
KEPT = 3600


@step("send_best", label=_("Best channel"), icon="route", hue=235, group="message")
class SendBest(Step):
    fields = (
        Reference("email", _("Mail"), widget="template", source="templates"),
        Reference("sms", _("Text"), source="texts"),
        Reference("push", _("Push message"), source="pushes", required=False, help=_("Left empty: mail or text alone")),
        Choice(
            "purpose",
            _("Purpose"),
            required=False,
            default="marketing",
            choices=[("marketing", _("Marketing: needs consent")), ("transactional", _("Transactional"))],
            help=_("By the channel on which she answers most, of those open to her"),
        ),
    )

    sends, told_as = "best", "mail"

    @classmethod
    def messages(cls, settings: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
        return [(channel, channel, settings.get(channel)) for channel in _over(settings)]

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(_("Mail, SMS or push") if settings.get("push") else _("Mail or SMS"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        opens = outside_hours(context, people)
        now = [t for t in people if t.person_id not in opens]
        went = dict(zip([(t.person_id, t.id) for t in now], _send(context, now), strict=True))
        return [
            Outcome("wait", until=opens[t.person_id]) if t.person_id in opens else went[t.person_id, t.id]
            for t in people
        ]

    @classmethod
    def wake(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        """The journey's hours have begun for her."""
        return cls.run(context, people)

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        opens = opening(sight)
        if opens is not None:
            sight.way.held = True
            return Outcome("wait", until=opens)
        settings, person, mails = sight.settings, sight.person, sight.people.mails
        purpose, since = settings.get("purpose") or "marketing", sight.now - timedelta(days=DAYS)
        refusals: dict[str, str] = {}
        for channel in _over(settings):
            consenting = person.consent_at(sight.way, channel) == "granted"
            sent = person.sent.setdefault(channel, [])
            refusals[channel] = (
                mails.refusal(person.id, int(settings[channel]), purpose, sight.now, consenting, sent, sight.event)
                or ""
            )
        free = [channel for channel, why in refusals.items() if not why]
        if not free:
            return Outcome("next", reason=f"refused:{refusals['email']}")
        hers = {c: _counted(sight, OVER[c].told_as, since) for c in free}
        order, why = ranked(free, hers, _everybodys(sight.plan.until))
        template = int(settings[order[0]])
        if mails.marketing(template, purpose):
            person.sent[order[0]].append(sight.now)
        respond(sight, template, drawn(sight.key), OVER[order[0]].told_as)
        return Outcome("next", reason=f"channel:{order[0]}:{why}")


def _over(settings: Mapping[str, Any]) -> list[str]:
    """The channels that are chosen: a push message may be left out."""
    return [channel for channel in OVER if channel != "push" or settings.get(channel)]


def _send(context: Context, people: Sequence[Traveller]) -> list[Outcome]:
    """Over the best channel that is open to each; where that refuses (a limit, a missing value), over the next one.
    Who can be written to over none gets the mail's refusal, which stands in the ledger."""
    if not people:
        return []
    ids = sorted({t.person_id for t in people})
    marketing = (context.settings.get("purpose") or "marketing") == "marketing"
    channels = _over(context.settings)
    free = open_channels(ids, channels, marketing=marketing)
    hers, everybody = answers_of(ids, context.now - timedelta(days=DAYS)), _everybodys(context.now)
    known = {pk: ranked(free.get(pk, ()), hers.get(pk, {}), everybody) for pk in ids}
    out: dict[tuple[int, int], Outcome] = {}
    shared: dict[str, Outcome] = {}
    for place in range(len(channels)):
        for channel, over in ((c, OVER[c]) for c in channels):
            mine = [
                t
                for t in people
                if (t.person_id, t.id) not in out or out[t.person_id, t.id].reason.startswith("refused:")
                if _at(known[t.person_id][0], place) == channel
            ]
            if not mine:
                continue
            template = int(context.settings[channel])
            again = f"~{channel}" if place else ""
            asked = over.requests(context, mine, of_event({template}), template, again)
            for t, went in zip(mine, over.send(asked), strict=True):
                said = f"refused:{went.refused}" if went.refused else f"channel:{channel}:{known[t.person_id][1]}"
                out[t.person_id, t.id] = shared.setdefault(said, Outcome("next", reason=said))
    return [out[t.person_id, t.id] for t in people]


def _at(order: Sequence[str], place: int) -> str:
    """Her channel at that place; who has none open is refused the first one."""
    if not order:
        return next(iter(OVER)) if place == 0 else ""
    return order[place] if place < len(order) else ""


def _everybodys(now: datetime) -> Mapping[str, Counts]:
    """What everybody answers, looked at once an hour."""
    key, kept = "journeys.best_channel", caches["local"]
    found: Mapping[str, Counts] | None = kept.get(key)
    if found is None:
        found = answers_of_all(now - timedelta(days=DAYS))
        kept.set(key, found, KEPT)
    return found


def _counted(sight: Sight, told_as: str, since: datetime) -> Counts:
    """What she had got over a channel by then, and answered."""
    kinds = {f"{told_as}.sent": 0, f"{told_as}.opened": 0.25, f"{told_as}.clicked": 1.0, f"{told_as}.replied": 1.0}
    sent, best = 0, dict[str, float]()
    for at, kind, text in sight.person.facts:
        if kind in kinds and since < at <= sight.now:
            if kind.endswith(".sent"):
                sent += 1
            else:
                message = str(json.decode(text).get("message"))
                best[message] = max(best.get(message, 0.0), kinds[kind])
    return (float(sent), min(float(sent), sum(best.values()))) if sent else NOTHING
