"""One dry run: every step is run at the time at which she would come to it, in a transaction that is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.core import clock
from headwater.core.facts import Fact
from headwater.messaging.facts import (
    MailClicked,
    MailOpened,
    PushClicked,
    PushShown,
    TextClicked,
    TextDelivered,
    TextReplied,
)
from headwater.timeline.actions import record

from ...engine import deciding
from ...engine.base import STEPS, Context, Outcome, Traveller
from ...engine.graph import Node, Version
from ...models import Passage
from ..draft import title
from ..inside import reason
from ..words import condition
from .base import Choices, LetIn, Mail, Tried
from .ends import Ends
from .mails import mail_for

#: How far the dry run goes
MOST_STEPS = 100
LONGEST = timedelta(days=3650)
#: How long after a mail she opens or clicks it, and after coming to a step what was chosen for it happens
SOON = timedelta(hours=1)
#: What she may do with a mail -> the facts
FACTS: dict[str, Callable[..., Fact]] = {
    "mail.opened": MailOpened,
    "mail.clicked": MailClicked,
    "sms.delivered": TextDelivered,
    "sms.clicked": TextClicked,
    "sms.replied": partial(TextReplied, text="…"),
    "push.shown": PushShown,
    "push.clicked": PushClicked,
}
DOES = {"opened": ("mail.opened",), "clicked": ("mail.opened", "mail.clicked")}
DOES_OF_TEXTS = {
    "delivered": ("sms.delivered",),
    "clicked": ("sms.delivered", "sms.clicked"),
    "replied": ("sms.delivered", "sms.replied"),
}
DOES_OF_PUSHES = {"delivered": ("push.shown",), "clicked": ("push.shown", "push.clicked")}
DOES_OF = {"sms": DOES_OF_TEXTS, "push": DOES_OF_PUSHES}


class Walk:
    """One dry run, inside a transaction that is undone."""

    def __init__(self, version: Version, person_id: int, choices: Choices) -> None:
        self.version, self.person_id, self.choices = version, person_id, choices
        self.out: list[Tried] = []
        #: What she will do with mails: (when, kind of fact, template)
        self.coming: list[tuple[datetime, str, int]] = []
        self.ended: dict[str, str] | None = None

    def go(self, let_in: LetIn) -> None:
        now = clock.now()
        t = self._traveller(now, let_in)
        ends = self.ends = Ends(self.version, t)
        if end := ends.now(now):
            if t.step in self.version.nodes:
                self._left(self.version.nodes[t.step], t, now, now, end)
            return
        while t.step in self.version.nodes and len(self.out) < MOST_STEPS:
            node = self.version.nodes[t.step]
            came = now
            outcome, now, known = self._through(node, t, now)
            chosen = self.choices.arms.get(node.id, "")
            taken = ends.chosen(chosen) if now > came else None
            if taken is not None:
                return self._left(node, t, came, came + SOON, taken, chosen=True)
            if self.ended is not None:
                return self._left(node, t, came, now, self.ended)
            if chosen and chosen in dict(node.kind.arms(node.settings)) and outcome.what == "next":
                now = came + SOON if now > came else came
                outcome = Outcome("next", chosen)
            else:
                chosen = ""
            tried = self._tried(node, t, came, now, outcome, known or bool(chosen), bool(chosen))
            self.out.append(tried)
            if end := ends.heard(now):  # what the step itself has led to
                self.out[-1] = replace(tried, ends=end)
                return
            target = None if outcome.what != "next" else node.targets.get(outcome.arm)
            if target is None:
                return
            t.step, t.moved_at, t.woken, t.until, t.state = target, now, False, None, "active"
            t.hops += 1

    def _left(
        self, node: Node, t: Traveller, came: datetime, left: datetime, end: dict[str, str], *, chosen: bool = False
    ) -> None:
        """Her way ends in the middle of a step."""
        told = self._tried(node, t, came, left, Outcome("end", "end"), True, chosen)
        self.out.append(replace(told, ends=end))

    def _through(self, node: Node, t: Traveller, now: datetime) -> tuple[Outcome, datetime, bool]:
        """Run a step until she leaves it: (how, when, is it known). Where the goal or an exit comes first, `ended`."""
        came, known = now, True
        outcome = self._try(node, t, now)
        while outcome.what == "wait":
            self.coming.sort()
            limit = outcome.until or came + LONGEST
            happens = bool(self.coming) and self.coming[0][0] <= limit
            next_at = max(now, self.coming[0][0]) if happens else max(now + timedelta(seconds=1), limit)
            if turned := self.ends.turning(now, next_at):
                now, self.ended = turned
                break
            now = next_at
            if happens:
                _at, kind, template = self.coming.pop(0)
                with clock.freeze(now):
                    record(self.person_id, FACTS[kind](message="", template=template, subject=""))
                self.ended = self.ends.heard(now)
            else:
                known = known and (node.kind.kind in ("wait", "wait_date") or bool(node.kind.sends))
                self.ended = self.ends.now(now)
            if self.ended is not None:
                break
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

    def _traveller(self, now: datetime, let_in: LetIn) -> Traveller:
        """A passage that is undone with all the rest: steps look up what let her in. It begins a moment before, so
        that what the first step does comes after it."""
        since = now - timedelta(microseconds=1)
        made = Passage.objects.create(
            person_id=self.person_id,
            id=0,
            journey_id=self.version.journey_id,
            version_id=0,
            entry_key="dry run",
            why={"kind": let_in.kind, "data": let_in.data},
            since=since,
            state="active",
            step=self.version.start or "",
            entered_at=now,
            moved_at=now,
        )
        return Traveller(self.person_id, made.id, self.version.journey_id, 0, self.version.start or "", since, now)

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
            mail=self._mail(node, left, outcome) if node.kind.sends and not refused and arm != "end" else None,
            ends_may=self.ends.choices() if left > came else [],
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
            out.append(
                {"arm": arm, "label": label, "words": condition(when, self.version.graph["steps"]), "holds": holds}
            )
        return out

    def _mail(self, node: Node, now: datetime, outcome: Outcome) -> Mail | None:
        """The mail as she gets it; and what she does with it is on its way."""
        over = outcome.reason.split(":")[1] if outcome.reason.startswith("channel:") else node.kind.sends
        template = next(int(pk) for _name, channel, pk in node.kind.messages(node.settings) if channel == over)
        does = DOES_OF.get(over, DOES)
        for kind in does.get(self.choices.mails.get(node.id, ""), ()):
            self.coming.append((now + SOON, kind, template))
        return mail_for(template, self.person_id)
