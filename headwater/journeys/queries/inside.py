"""People in journeys: who is at a step and why, one person's passages, one passage with its log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headwater.core.prepared import Prepared
from headwater.people.models import Contact

from ..engine.graph import Version, versions
from ..models import OPEN, Journey, JourneyVersion, Passage, PassageLog
from .called import Names, called
from .words import event_name, why
from .words import title as words_of


@dataclass(frozen=True)
class Seat:
    """A person at a step."""

    passage: Passage
    contact: Contact | None
    why: str
    version: int


def at_step(journey_id: int, step: str, *, after: int = 0, limit: int = 30) -> list[Seat]:
    """People who are at a step of the journey (any version), by person id; three statements. step "": anywhere."""
    rows = Passage.objects.filter(journey_id=journey_id, state__in=OPEN, person_id__gt=after)
    if step:
        rows = rows.filter(step=step)
    return _seats(list(rows.order_by("person_id")[:limit]))


def _seats(rows: Sequence[Passage]) -> list[Seat]:
    contacts = Contact.objects.in_bulk([p.person_id for p in rows])
    known = versions(p.version_id for p in rows)
    return [
        Seat(p, contacts.get(p.person_id), why(p.why), known[p.version_id].number if p.version_id in known else 0)
        for p in rows
    ]


@dataclass(frozen=True)
class Stop:
    """A line of a passage's log."""

    row: PassageLog
    title: str
    icon: str
    hue: int
    label: str
    outcome: str


@dataclass(frozen=True)
class Story:
    """A passage, told."""

    passage: Passage
    journey: Journey
    version: Version
    contact: Contact | None
    why: str
    stops: list[Stop]
    here: str

    @property
    def ending(self) -> str:
        return ending(self.passage.state, self.passage.outcome)


def story(person_id: int, passage_id: int) -> Story:
    """One passage with everything that happened on it. Raises Passage.DoesNotExist."""
    passage = Passage.objects.get(person_id=person_id, id=passage_id)
    version = versions([passage.version_id])[passage.version_id]
    journey = Journey.objects.get(pk=passage.journey_id)
    rows = list(PassageLog.objects.filter(person_id=person_id, passage_id=passage_id).order_by("hop")[:500])
    then = _versions_of(rows, version)
    names = {v.id: called(v.graph["steps"]) for v in (version, *then)}
    return Story(
        passage,
        journey,
        version,
        Contact.objects.filter(pk=person_id).first(),
        why(passage.why),
        [_stop(row, v, names[v.id]) for row, v in zip(rows, then, strict=True)],
        title(version, passage.step, names[version.id]),
    )


def _versions_of(rows: Sequence[PassageLog], version: Version) -> list[Version]:
    """The version in which each line of a log was written. Who was moved took the steps before on an earlier one: the
    newest below that to which she moved next which has the step."""
    if not any(row.outcome == "moved" for row in rows):
        return [version] * len(rows)
    numbers = JourneyVersion.objects.filter(journey_id=version.journey_id, number__lt=version.number)
    earlier = sorted(versions(numbers.values_list("pk", flat=True)).values(), key=lambda v: -v.number)
    below, out = version.number + 1, []
    for row in reversed(rows):
        if row.outcome == "moved" and row.reason[1:].isdecimal():
            below = int(row.reason[1:])
        had = (v for v in (version, *earlier) if v.number < below and row.step in v.nodes)
        out.append(next(had, version))
    return out[::-1]


def _stop(row: PassageLog, version: Version, names: Names) -> Stop:
    node = version.nodes.get(row.step)
    icon, hue, label = (node.kind.icon, node.kind.hue, str(node.kind.label)) if node else ("zap", 265, row.step)
    arms = dict(node.kind.arms(node.settings)) if node else {}
    return Stop(row, title(version, row.step, names), icon, hue, label, reason(row.outcome, row.reason, arms))


def title(version: Version, step: str, names: Names | None = None) -> str:
    """A step's name in its version. names: of the records that its steps are about, where many are asked."""
    node = version.nodes.get(step)
    if node is None:
        return step
    steps = version.graph["steps"]
    return words_of(steps[step], steps, names)


REFUSALS = {
    "no_consent": gettext_lazy("no consent for marketing mail"),
    "suppressed": gettext_lazy("the address is suppressed"),
    "no_address": gettext_lazy("there is no address"),
    "no_device": gettext_lazy("no browser of hers takes push messages"),
    "no_number": gettext_lazy("there is no telephone number"),
    "invalid_number": gettext_lazy("the telephone number cannot be right"),
    "not_mobile": gettext_lazy("the telephone number is no mobile one"),
    "too_long": gettext_lazy("the text is too long"),
    "cap": gettext_lazy("enough mails for now"),
    "already_open": gettext_lazy("with sales already"),
    "no_ticket": gettext_lazy("no ticket that could get this status"),
    "no_template": gettext_lazy("the mail is gone"),
    "template": gettext_lazy("the mail cannot be made"),
    "no_person": gettext_lazy("there is no such person any more"),
    "nobody_to_tell": gettext_lazy("there is nobody to tell"),
    "nobody_takes_leads": gettext_lazy("nobody takes leads"),
    "not_let_in": gettext_lazy("the other journey did not let her in"),
    "too_deep": gettext_lazy("too many journeys in a row"),
}


def refusal(why: str) -> str:
    """Why something was not done ("cap", "missing_field:contact.phone"), in words."""
    if why.startswith("missing_field:"):
        return str(_("missing: %(field)s") % {"field": why.removeprefix("missing_field:")})
    return str(REFUSALS.get(why, why.replace("_", " ")))


_CHANNELS = {"email": gettext_lazy("Email"), "sms": gettext_lazy("SMS"), "push": gettext_lazy("Push")}
_CHOSEN = {
    "hers": gettext_lazy("By %(channel)s: that is what she answers most"),
    "usual": gettext_lazy("By %(channel)s: people answer that most, and little is known of her"),
    "only": gettext_lazy("By %(channel)s: the only channel open to her"),
}


def reason(outcome: str, text: str, arms: Mapping[str, str]) -> str:
    """How a step went, in words."""
    if text.startswith("refused:"):
        return str(_("Not done: %(why)s") % {"why": refusal(text.removeprefix("refused:"))})
    if text == "timeout":
        return str(_("%(arm)s: the time was over") % {"arm": arms.get(outcome, outcome)})
    if text.startswith("value:"):
        return str(_("%(arm)s: the deal is worth %(n)s") % {"arm": arms.get(outcome, outcome), "n": text[6:]})
    if text.startswith("channel:"):
        _word, channel, why = text.split(":", 2)
        return str(_CHOSEN.get(why, _CHOSEN["only"]) % {"channel": _CHANNELS.get(channel, channel)})
    if text.startswith("best:"):
        return str(_("Her best hour: %(hour)s") % {"hour": f"{text[5:]}:00"})
    if outcome == "moved":
        return str(_("moved to %(version)s") % {"version": text})
    if outcome == "goal":
        return str(_("Reached the goal"))
    if outcome == "exit":
        return ending("exited", text)
    if outcome == "end":
        return text
    return arms.get(outcome, "") or text


LEFT = {
    "condition": gettext_lazy("a condition came true"),
    "removed": gettext_lazy("taken out by a colleague"),
    "stopped": gettext_lazy("stopped by another journey"),
    "moved": gettext_lazy("taken out with a new version"),
    "loop": gettext_lazy("it went round in a circle"),
    "no such step": gettext_lazy("the step is no longer there"),
}


def ending(state: str, why: str) -> str:
    """How a passage ended, in words; empty where it came to its end."""
    if why == "goal":
        return str(_("Reached the goal"))
    if state == "exited":
        reason = why.removeprefix("exit:")
        return str(_("Left: %(why)s") % {"why": LEFT.get(reason) or event_name(reason)})
    return "" if why == "end" else why


_of_person = Prepared(lambda person_id: Passage.objects.filter(person_id=person_id).order_by("-entered_at")[:100])


def of_person(person_id: int, limit: int = 20) -> list[Story]:
    """Her passages, open ones first, then the newest; without their logs."""
    rows = sorted(_of_person(person_id)[:limit], key=lambda p: p.state not in OPEN)
    if not rows:
        return []
    known = versions(p.version_id for p in rows)
    journeys = Journey.objects.in_bulk([p.journey_id for p in rows])
    at = {str(p.id): known[p.version_id].graph["steps"].get(p.step) for p in rows if p.version_id in known}
    names = called(at)
    out = []
    for p in rows:
        if p.journey_id in journeys and p.version_id in known:
            version = known[p.version_id]
            here = title(version, p.step, names)
            out.append(Story(p, journeys[p.journey_id], version, None, why(p.why), [], here))
    return out


def journeys_of(person_ids: Iterable[int]) -> list[int]:
    """The journeys in which somebody of these people is."""
    rows = Passage.objects.filter(person_id__in=list(person_ids), state__in=OPEN)
    return list(rows.values_list("journey_id", flat=True).distinct())


def next_time(passage: Passage) -> datetime | None:
    """When she goes on at the latest; None where only an event can move her, or nothing."""
    return passage.until if passage.state == "waiting" else None
