"""What a step sees of one person, and what she would do with its mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from headwater.messaging.queries.prospects import Response

from ..causes import WAITED
from ..graph import Node
from .person import DID, Data, Mail, Person, Way
from .plan import Opens, Plan
from .world import People


@dataclass(slots=True)
class Sight:
    """What a step sees of the one person who stands in it."""

    plan: Plan
    node: Node
    person: Person
    way: Way
    people: People

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.node.settings

    @property
    def now(self) -> datetime:
        return self.way.now

    @property
    def woken(self) -> bool:
        return self.way.woken

    @property
    def key(self) -> str:
        """What chance hangs on: always the same for the same person, entry and step."""
        way = self.way
        return f"{self.person.id}.{way.number}:{self.node.id}" + (f":{way.hops}" if self.plan.version.has_loops else "")

    @property
    def event(self) -> Data:
        """What {{ event... }} stands for: what let her in, and under "waited" what she waited for."""
        if not any(f"event.{WAITED}" in source.probe for source in self.people.mails.sources.values()):
            return self.way.cause
        found = self.plan.waited(self.person, self.way)
        return {**self.way.cause, WAITED: found[1]} if found else self.way.cause

    def holds(self, condition: Mapping[str, Any]) -> bool:
        return self.plan.test(condition)(self.person, self.way)

    def happen(self, kind: str, data: Data, at: datetime | None = None) -> None:
        """Something that the step would lead to, now or later."""
        self.way.events.append((at or self.way.now, kind, data))
        self.way.events.sort(key=lambda event: event[0])


def respond(sight: Sight, template: int, drawn: float, told_as: str = "mail") -> Mail:
    """What she would have done with a message that goes out now: what she really did where she really got it in the
    time in question, else as the plan assumes. drawn: between 0 and 1, always the same for her."""
    at = sight.way.now
    fates = sight.people.mails.people[sight.person.id].fates.get(template)
    if fates:
        sent, opened, clicked = fates[0]
        mail = Mail(
            sight.node.id, at, at + (opened - sent) if opened else None, at + (clicked - sent) if clicked else None
        )
    else:
        mail = _assumed(sight.plan.opens, rate_of(sight.plan, template), sight.node.id, at, drawn)
    if told_as == "push":  # of a push message, no more than that it was shown
        mail.told_as, mail.opened, mail.shown = told_as, None, at + timedelta(seconds=1)
    elif told_as != "mail":  # nobody can say whether a text was read; who does all with it answers it, too
        mail.told_as, mail.opened, mail.delivered = told_as, None, at + timedelta(seconds=1)
        mail.replied = mail.clicked if sight.plan.opens == "everybody" else None
    for did in DID:
        moment = getattr(mail, did)
        if moment is not None:
            sight.happen(f"{told_as}.{did}", {"template": template}, max(moment, at + timedelta(seconds=1)))
    sight.way.mails.append(mail)
    return mail


#: A template's own rates count from so many mails on; below, those of all marketing mails
ENOUGH = 50


def rate_of(plan: Plan, template: int) -> Response:
    own = plan.responses.get(template, Response())
    return own if own.sent >= ENOUGH else plan.responses.get(0, Response())


def _assumed(opens: Opens, rate: Response, step: str, at: datetime, drawn: float) -> Mail:
    first, second = timedelta(seconds=max(rate.opened_after, 60)), timedelta(seconds=max(rate.clicked_after, 90))
    if opens == "everybody":
        return Mail(step, at, at + first, at + max(first, second))
    if opens == "nobody" or not rate.sent:
        return Mail(step, at, None, None)
    opened, clicked = drawn < rate.opened / rate.sent, drawn < rate.clicked / rate.sent
    return Mail(step, at, at + first if opened else None, at + max(first, second) if clicked else None)
