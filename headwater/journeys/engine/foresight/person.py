"""One person as she is walked: her facts, how she stands now and stood then, and a passage that never was."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from msgspec import json

from headwater.audience.compiler.fields import field as field_named
from headwater.audience.queries import Past

from .past import History

STAGE = "contact.stage"
WHEN = itemgetter(0)
#: (when, kind, data as text)
Fact = tuple[datetime, str, str]
Data = Mapping[str, Any]


@dataclass(slots=True)
class Person:
    """One person: her facts in order, how she stands now, and what has come of her so far."""

    id: int
    facts: list[Fact]
    zone: str = "UTC"
    tags: frozenset[str] = frozenset()
    custom: Data = field(default_factory=dict)
    consenting: bool = False
    created_at: datetime | None = None
    #: What fields hold now, of those whose past is asked for
    fields: dict[str, Any] = field(default_factory=dict)
    histories: Mapping[str, History] = field(default_factory=dict)
    scores: Mapping[str, Past] = field(default_factory=dict)
    interests: Mapping[str, Past] = field(default_factory=dict)
    #: What she says now on a channel and a topic
    says: dict[tuple[str, str], str] = field(default_factory=dict)
    #: Places in the plan's list of leaves that hold now
    today: set[int] = field(default_factory=set)
    #: Was she in this journey before the time in question; when was she let in by hand in it
    before: bool = False
    by_hand: list[datetime] = field(default_factory=list)
    #: Marketing messages that she would have got, by channel
    sent: dict[str, list[datetime]] = field(default_factory=dict)
    memo: dict[Any, list[Any]] = field(default_factory=dict)
    segments: Mapping[str, int] = field(default_factory=dict)
    since: datetime | None = None

    def of_kind(self, kind: str) -> Iterator[tuple[datetime, Callable[[], Data]]]:
        """Her facts of a kind, with what reads their data."""
        for at, its, text in self.facts:
            if its == kind:
                yield at, lambda text=text: json.decode(text)  # type: ignore[misc]

    def _turns(self, on: str, off: str, prop: str, value: str) -> list[tuple[datetime, bool]]:
        key = (on, value)
        if key not in self.memo:
            self.memo[key] = [
                (at, kind == on)
                for at, kind, text in self.facts
                if kind in (on, off) and str(json.decode(text).get(prop)) == value
            ]
        return self.memo[key]

    def _stood(self, turns: Sequence[tuple[datetime, Any]], at: datetime, now: Any) -> Any:
        """A state at a moment: what the last turn before it made it; before the first turn, the opposite of what
        that made it; without any, as it is now."""
        place = bisect_right(turns, at, key=WHEN)
        if place:
            return turns[place - 1][1]
        return not turns[0][1] if turns else now

    def tagged_at(self, tag: str, way: Way) -> bool:
        if tag in way.tags:
            return way.tags[tag]
        return bool(self._stood(self._turns("tag.added", "tag.removed", "tag", tag), way.now, tag in self.tags))

    def in_segment_at(self, key: str, at: datetime, now: bool) -> bool:
        turns = self._turns("segment.entered", "segment.left", "segment", str(self.segments.get(key, 0)))
        return bool(self._stood(turns, at, now))

    def stage_at(self, way: Way) -> str:
        """Her stage, where the plan asks for its past."""
        return way.stage or str(self.histories[STAGE].at(self, way.now) or "")

    def date_at(self, name: str, at: datetime) -> date | None:
        """A date of hers as it stood then; `name` as rules give it."""
        history = self.histories.get(field_named(name).name)
        return day_of(history.at(self, at)) if history else None

    def dates_of(self, name: str) -> list[tuple[datetime | None, date | None]]:
        """How a date of hers stood: (from when on; None: from the beginning; the date)."""
        history = self.histories[field_named(name).name]
        turns = history.turns(self)
        first = turns[0][1] if turns else self.fields.get(history.name)
        return [(None, day_of(first)), *((at, day_of(after)) for at, _before, after in turns)]

    def consent_at(self, way: Way, channel: str = "email") -> str:
        """Of mails (texts) as a whole: "granted", "withdrawn", "pending" or "none"."""
        return way.consents.get(channel) or self.said_at(channel, "", way.now)

    def said_at(self, channel: str, topic: str, at: datetime) -> str:
        """What she had said by then: her last word; before the first, "none"."""
        key = (channel, topic)
        if key not in self.memo:
            told = ((when, json.decode(text)) for when, kind, text in self.facts if kind == "consent.changed")
            self.memo[key] = [
                (when, str(data.get("state") or "none"))
                for when, data in told
                if (data.get("channel"), data.get("topic") or "") == key
            ]
        turns = self.memo[key]
        place = bisect_right(turns, at, key=WHEN)
        if place:
            return str(turns[place - 1][1])
        if turns:
            return "none"
        return self.says.get(key, "none")


@dataclass(slots=True)
class Mail:
    """A message that she would have got, and what she would have done with it."""

    step: str
    at: datetime
    opened: datetime | None
    clicked: datetime | None
    told_as: str = "mail"
    #: Of a push message: a browser has shown it
    shown: datetime | None = None
    #: Of a text: her telephone has it; she wrote back
    delivered: datetime | None = None
    replied: datetime | None = None


#: What may come of a message, as its columns are called
DID = ("opened", "clicked", "shown", "delivered", "replied")


@dataclass(slots=True)
class Way:
    """A passage that never was. `now` travels; `events` are facts that it would have led to, in order."""

    since: datetime
    entered: datetime
    now: datetime
    step: str
    moved_at: datetime
    cause: Data
    number: int
    cause_kind: str = ""
    until: datetime | None = None
    woken: bool = False
    hops: int = 0
    jumps: dict[str, int] = field(default_factory=dict)
    events: list[tuple[datetime, str, Data]] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    tags: dict[str, bool] = field(default_factory=dict)
    consents: dict[str, str] = field(default_factory=dict)
    stage: str = ""
    held: bool = False

    def did(self, step: str, kind: str) -> bool:
        """Has she opened or clicked the mail of that step, or answered the text, by now?"""
        name, _, did = kind.partition(".")
        for mail in self.mails:
            moment = mail.at if did == "sent" else getattr(mail, did, None) if did in DID else None
            if mail.step == step and mail.told_as == name and moment is not None and moment <= self.now:
                return True
        return False

    def happened(self, kind: str, start: datetime | None, matches: Callable[[Data], bool]) -> int:
        """How many such facts the journey itself has led to by now."""
        return sum(
            its == kind and at <= self.now and (start is None or at > start) and matches(data)
            for at, its, data in self.events
        )


def day_of(value: Any) -> date | None:
    """A date out of what a column or a fact holds."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return None
    return value if isinstance(value, date) else None
