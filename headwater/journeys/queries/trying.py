"""Which way a person would take through the draft now, without anything being done: "test with a person"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.content.rules import TemplateProblem
from headwater.core import clock
from headwater.messaging.facts import MailClicked, MailOpened
from headwater.messaging.models import MailTemplate, TemplateVersion
from headwater.messaging.queries.preview import preview
from headwater.people.models import Contact
from headwater.timeline import queries as timeline
from headwater.timeline.actions import record

from ..engine import deciding
from ..engine.base import STEPS, Context, Outcome, Traveller
from ..engine.graph import Node, Version, ready
from ..engine.rulebook import with_segments
from ..models import Journey, Passage
from ..rules import matching
from .draft import title
from .inside import reason
from .words import condition, said

#: How far the dry run goes
MOST_STEPS = 100
LONGEST = timedelta(days=3650)
#: How long after a mail she opens or clicks it, and after coming to a step what was chosen for it happens
SOON = timedelta(hours=1)
#: What she may do with a mail -> the facts
FACTS = {"mail.opened": MailOpened, "mail.clicked": MailClicked}
DOES = {"opened": ("mail.opened",), "clicked": ("mail.opened", "mail.clicked")}


@dataclass(frozen=True)
class Mail:
    """A mail as she would get it. missing: names that have no value for her."""

    template: int
    subject: str
    html: str
    text: str
    missing: list[str]


@dataclass(frozen=True)
class Tried:
    """A step of a dry run. at: she comes to it, until: she leaves it; arm: the way she would take; known False: it
    depends on what happens until then. asked: the conditions of the step, as (way, words, does it hold). chosen: the
    way was chosen by who asks."""

    step: str
    kind: str
    title: str
    at: datetime
    arm: str
    arm_label: str
    words: str
    known: bool = True
    until: datetime | None = None
    chosen: bool = False
    arms: list[dict[str, str]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    mail: Mail | None = None


@dataclass(frozen=True)
class Choices:
    """What is taken to happen. mails: step -> "opened" or "clicked"; arms: step -> the way she takes there."""

    mails: Mapping[str, str] = field(default_factory=dict)
    arms: Mapping[str, str] = field(default_factory=dict)


class _Undo(Exception):
    pass


def dry_run(
    journey: Journey, person_id: int, *, event: Mapping[str, Any] | None = None, choices: Choices | None = None
) -> list[Tried]:
    """Which way she would take through the draft if she entered now. Every step is really run, at the time at which she
    would come to it, and everything it did is undone, so nothing is sent and nothing written. What waits for something
    to happen is told as "nothing happens", unless `choices` says otherwise. event: properties of what let her in; None:
    of the newest fact of hers that would. Raises Contact.DoesNotExist."""
    Contact.objects.get(pk=person_id)
    version = ready(0, journey.pk, journey.name, 0, with_segments(journey.draft))
    if event is None:
        event = cause(version, person_id)[1]
    walk = _Walk(version, person_id, choices or Choices())
    try:
        with transaction.atomic():
            walk.go(dict(event))
            raise _Undo
    except _Undo:
        pass
    return walk.out


def cause(version: Version, person_id: int) -> tuple[str, dict[str, Any], datetime | None]:
    """(rule in words, data, when) of the newest of her last 500 facts that would let her in; by hand without one."""
    for entry in timeline.read(person_id, limit=500, quiet=True):
        rule = next((r for r in version.entry if matching.matches(r, entry.kind, entry.data)), None)
        if rule is not None:
            return said(rule), dict(entry.data), entry.at
    return str(_("By hand or API")), {}, None


def entry_of(journey: Journey, person_id: int) -> tuple[str, dict[str, Any], datetime | None]:
    """`cause` of the draft."""
    return cause(ready(0, journey.pk, journey.name, 0, with_segments(journey.draft)), person_id)


class _Walk:
    """One dry run, inside a transaction that is undone."""

    def __init__(self, version: Version, person_id: int, choices: Choices) -> None:
        self.version, self.person_id, self.choices = version, person_id, choices
        self.out: list[Tried] = []
        #: What she will do with mails: (when, kind of fact, template)
        self.coming: list[tuple[datetime, str, int]] = []

    def go(self, event: Mapping[str, Any]) -> None:
        now = clock.now()
        t = self._traveller(now, event)
        while t.step in self.version.nodes and len(self.out) < MOST_STEPS:
            node = self.version.nodes[t.step]
            came = now
            outcome, now, known = self._through(node, t, now)
            chosen = self.choices.arms.get(node.id, "")
            if chosen and chosen in dict(node.kind.arms(node.settings)) and outcome.what == "next":
                now = came + SOON if now > came else came
                outcome = Outcome("next", chosen)
            else:
                chosen = ""
            self.out.append(self._tried(node, t, came, now, outcome, known or bool(chosen), bool(chosen)))
            target = None if outcome.what != "next" else node.targets.get(outcome.arm)
            if target is None:
                return
            t.step, t.moved_at, t.woken, t.until, t.state = target, now, False, None, "active"
            t.hops += 1

    def _through(self, node: Node, t: Traveller, now: datetime) -> tuple[Outcome, datetime, bool]:
        """Run a step until she leaves it: (how, when, is it known)."""
        came, known = now, True
        outcome = self._try(node, t, now)
        while outcome.what == "wait":
            self.coming.sort()
            limit = outcome.until or came + LONGEST
            if self.coming and self.coming[0][0] <= limit:
                at, kind, template = self.coming.pop(0)
                now = max(now, at)
                with clock.freeze(now):
                    record(self.person_id, FACTS[kind](message="", template=template, subject=""))
            else:
                known = known and node.kind.kind in ("wait", "wait_date", "send_email")
                now = max(now + timedelta(seconds=1), limit)
            t.until, t.woken, t.state = outcome.until, True, "waiting"
            if node.kind.kind == "wait" and outcome.until and now < outcome.until:
                continue  # a wait hears nothing
            outcome = self._try(node, t, now)
            if now - came > LONGEST:
                outcome = Outcome("end", "end", "endless")
        return outcome, now, known

    def _try(self, node: Node, t: Traveller, now: datetime) -> Outcome:
        """Run the step at that time, inside a savepoint of the transaction that is undone."""
        run = node.kind.wake if t.woken else node.kind.run
        try:
            with clock.freeze(now), transaction.atomic():
                return run(Context(self.version, node, now), [t])[0]
        except Exception as error:  # whatever a step may meet at a time to come
            return Outcome("next", reason=f"refused:cannot_be_tried ({type(error).__name__})")

    def _traveller(self, now: datetime, event: Mapping[str, Any]) -> Traveller:
        """A passage that is undone with all the rest: steps look up what let her in."""
        made = Passage.objects.create(
            person_id=self.person_id,
            id=0,
            journey_id=self.version.journey_id,
            version_id=0,
            entry_key="dry run",
            why={"kind": "manual", "data": dict(event)},
            since=now,
            state="active",
            step=self.version.start or "",
            entered_at=now,
            moved_at=now,
        )
        return Traveller(self.person_id, made.id, self.version.journey_id, 0, self.version.start or "", now, now)

    def _tried(
        self, node: Node, t: Traveller, came: datetime, left: datetime, outcome: Outcome, known: bool, chosen: bool
    ) -> Tried:
        arms = node.kind.arms(node.settings)
        arm = outcome.arm if outcome.what == "next" else "end"
        words = reason(arm, outcome.reason, dict(arms)) if outcome.reason else ""
        found = self.version.graph["steps"][node.id]
        refused = outcome.reason.startswith("refused:")
        return Tried(
            step=node.id,
            kind=node.kind.kind,
            title=title(found, self.version.graph["steps"]) if found["kind"] in STEPS else node.id,
            at=came,
            arm=arm,
            arm_label=dict(arms).get(arm, ""),
            words=words,
            known=known,
            until=left,
            chosen=chosen,
            arms=[{"id": a, "label": label} for a, label in arms] if len(arms) > 1 else [],
            asked=self._asked(node, t, left),
            mail=self._mail(node, left) if node.kind.kind == "send_email" and not refused else None,
        )

    def _asked(self, node: Node, t: Traveller, now: datetime) -> list[dict[str, Any]]:
        """The step's conditions, and whether they hold when she leaves."""
        asked = [(a["id"], a.get("label") or a["id"], a["when"]) for a in node.settings.get("arms") or []]
        if isinstance(node.settings.get("until"), Mapping):
            asked.append(("yes", str(_("Yes")), node.settings["until"]))
        out = []
        for arm, label, when in asked:
            with clock.freeze(now), transaction.atomic():
                holds = bool(deciding.true_for(when, Context(self.version, node, now), [t]))
            out.append({"arm": arm, "label": label, "words": condition(when), "holds": holds})
        return out

    def _mail(self, node: Node, now: datetime) -> Mail | None:
        """The mail as she gets it; and what she does with it is on its way."""
        template = int(node.settings["template"])
        for kind in DOES.get(self.choices.mails.get(node.id, ""), ()):
            self.coming.append((now + SOON, kind, template))
        return mail_for(template, self.person_id)


def mail_for(template_id: int, person_id: int) -> Mail | None:
    """A mail as that person would get it; None where there is none, or it cannot be made."""
    row = MailTemplate.objects.filter(pk=template_id).first()
    says = TemplateVersion.objects.filter(template=row, version=row.version).first() if row else None
    if row is None or says is None:
        return None
    try:
        made = preview(
            subject=says.subject,
            preview=says.preview,
            mjml=says.mjml,
            text_override=says.text_override,
            purpose=row.purpose,
            person_id=person_id,
        )
    except TemplateProblem:
        return None
    return Mail(template_id, made.subject, made.html, made.text, list(made.missing))
