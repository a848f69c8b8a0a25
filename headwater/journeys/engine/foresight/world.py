"""What is known of some thousand people over a time that is past, fetched in a constant number of statements."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from msgspec import json

from headwater.audience import queries as audience
from headwater.audience.models import Segment
from headwater.messaging.queries.prospects import Prospects
from headwater.people.models import Contact

from ...rules.schedule import zone_of
from ..fields import CUSTOM
from .plan import CLICKED, OPENED, Plan

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
    stage: str = ""
    custom: Data = field(default_factory=dict)
    consenting: bool = False
    dates: dict[str, date] = field(default_factory=dict)
    #: Places in the plan's list of leaves that hold now
    today: set[int] = field(default_factory=set)
    #: Was she in this journey before the time in question; when was she let in by hand in it
    before: bool = False
    by_hand: list[datetime] = field(default_factory=list)
    #: Marketing mails that she would have got
    sent: list[datetime] = field(default_factory=list)
    memo: dict[int, list[datetime]] = field(default_factory=dict)
    segments: Mapping[str, int] = field(default_factory=dict)
    since: datetime | None = None

    def of_kind(self, kind: str) -> Iterator[tuple[datetime, Callable[[], Data]]]:
        """Her facts of a kind, with what reads their data."""
        for at, its, text in self.facts:
            if its == kind:
                yield at, lambda text=text: json.decode(text)  # type: ignore[misc]

    def _turns(self, on: str, off: str, prop: str, value: str) -> list[tuple[datetime, bool]]:
        return [
            (at, kind == on)
            for at, kind, text in self.facts
            if kind in (on, off) and str(json.decode(text).get(prop)) == value
        ]

    def _stood(self, turns: Sequence[tuple[datetime, Any]], at: datetime, now: Any) -> Any:
        """A state at a moment: what the last turn before it made it; before the first turn, the opposite of what
        that made it; without any, as it is now."""
        place = bisect_right([moment for moment, _to in turns], at)
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
        if way.stage:
            return way.stage
        turns = [(at, json.decode(text)) for at, kind, text in self.facts if kind == "stage.changed"]
        place = bisect_right([at for at, _data in turns], way.now)
        if place:
            return str(turns[place - 1][1].get("after"))
        return str(turns[0][1].get("before")) if turns else self.stage

    def consent_at(self, way: Way) -> str:
        """Of mails as a whole: "granted", "withdrawn" or "none"."""
        if way.consent:
            return way.consent
        turns = []
        for at, kind, text in self.facts:
            if kind == "consent.changed":
                data = json.decode(text)
                if data.get("channel") == "email" and not data.get("topic"):
                    turns.append((at, data.get("state") == "granted"))
        granted = self._stood(turns, way.now, self.consenting)
        return "granted" if granted else ("withdrawn" if turns else "none")


@dataclass(slots=True)
class Mail:
    """A mail that she would have got, and what she would have done with it."""

    step: str
    at: datetime
    opened: datetime | None
    clicked: datetime | None


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
    consent: str = ""
    stage: str = ""
    held: bool = False

    def did(self, step: str, kind: str) -> bool:
        """Has she opened or clicked the mail of that step by now?"""
        for mail in self.mails:
            moment = {OPENED: mail.opened, CLICKED: mail.clicked, "mail.sent": mail.at}.get(kind)
            if mail.step == step and moment is not None and moment <= self.now:
                return True
        return False

    def happened(self, kind: str, start: datetime | None, matches: Callable[[Data], bool]) -> int:
        """How many such facts the journey itself has led to by now."""
        return sum(
            its == kind and at <= self.now and (start is None or at > start) and matches(data)
            for at, its, data in self.events
        )


@dataclass
class People:
    """Everybody of one batch, and the mails they might get."""

    plan: Plan
    people: dict[int, Person]
    mails: Prospects


def load(plan: Plan, ids: Sequence[int]) -> People:
    """What is known of these people. Who is no contact is left out."""
    found = _contacts(plan, ids)
    for person, at, kind, text in _facts(plan, ids):
        if person in found:
            found[person].facts.append((at, kind, text))
    for place, leaf in enumerate(plan.today):
        for person in audience.matching(dict(leaf), list(found)):
            found[person].today.add(place)
    _passages(plan, found)
    actor = f"journey:{plan.version.journey_id}"
    mails = Prospects(list(found), sorted(plan.templates), plan.since, actor)
    for person, prospect in mails.people.items():
        found[person].consenting = prospect.consenting
    return People(plan, found, mails)


def _contacts(plan: Plan, ids: Sequence[int]) -> dict[int, Person]:
    columns = {name: name.removeprefix("contact.") for name in plan.dates if not CUSTOM.fullmatch(name)}
    rows = Contact.objects.filter(pk__in=list(ids)).values(
        "pk", "time_zone", "tags", "stage", "custom", *columns.values()
    )
    segments = dict(Segment.objects.values_list("key", "pk")) if "segment.entered" in plan.states else {}
    zones: dict[str, str] = {}
    out = {}
    for row in rows:
        name = row["time_zone"]
        if name not in zones:
            zones[name] = name if name and zone_of(name, "").key == name else plan.default_zone
        custom = row["custom"] or {}
        dates = {f: d for f in plan.dates if (d := _date(row[columns[f]] if f in columns else custom.get(_own(f))))}
        out[row["pk"]] = Person(
            row["pk"], [], zones[name], frozenset(row["tags"] or ()), row["stage"], custom, dates=dates,
            segments=segments, since=plan.since,
        )  # fmt: skip
    return out


def _own(name: str) -> str:
    found = CUSTOM.fullmatch(name)
    return found[1] if found else ""


def _date(value: Any) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return None
    return value if isinstance(value, date) else None


def _facts(plan: Plan, ids: Sequence[int]) -> Iterator[tuple[int, datetime, str, str]]:
    """Oldest first. Facts that conditions count come from the beginning of time, others from the time in question."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, at, kind, data::text FROM timeline_fact WHERE person_id = ANY(%s::bigint[]) "
            "AND at <= %s::timestamptz AND (kind = ANY(%s::text[]) OR (kind = ANY(%s::text[]) "
            "AND at >= %s::timestamptz)) ORDER BY person_id, at, id",
            [list(ids), plan.until, sorted(plan.counted), sorted(plan.states | plan.causes), plan.since],
        )
        yield from cursor.fetchall()


def _passages(plan: Plan, found: Mapping[int, Person]) -> None:
    """Who really was in the journey before, and whom somebody let in by hand."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, entered_at, why ->> 'kind' FROM journeys_passage "
            "WHERE person_id = ANY(%s::bigint[]) AND journey_id = %s AND entered_at <= %s "
            "ORDER BY person_id, entered_at",
            [list(found), plan.version.journey_id, plan.until],
        )
        for person, at, why in cursor.fetchall():
            if at < plan.since:
                found[person].before = True
            elif why in ("manual", "journey"):
                found[person].by_hand.append(at)


def people_of(plan: Plan) -> list[int]:
    """Everybody who might have entered, by id: those with a cause, with a date, in a segment that a schedule names,
    or let in by hand."""
    out: set[int] = set()
    with connection.cursor() as cursor:
        if plan.causes:
            cursor.execute(
                "SELECT DISTINCT person_id FROM timeline_fact WHERE kind = ANY(%s::text[]) "
                "AND at >= %s::timestamptz AND at <= %s::timestamptz",
                [sorted(plan.causes), plan.since, plan.until],
            )
            out.update(pk for (pk,) in cursor.fetchall())
        cursor.execute(
            "SELECT DISTINCT person_id FROM journeys_passage WHERE journey_id = %s AND entered_at >= %s "
            "AND why ->> 'kind' IN ('manual', 'journey')",
            [plan.version.journey_id, plan.since],
        )
        out.update(pk for (pk,) in cursor.fetchall())
    for rule in plan.version.entry:
        if rule["kind"] == "date":
            custom = CUSTOM.fullmatch(rule["field"])
            name = {"custom__has_key": custom[1]} if custom else {f"{rule['field'][8:]}__isnull": False}
            out.update(Contact.objects.filter(**name).values_list("pk", flat=True))
        elif rule["kind"] == "schedule":
            out.update(members_of(int(rule["segment"])))
    return sorted(out)


def members_of(segment_id: int) -> Iterator[int]:
    """Who is in a segment now."""
    after = 0
    while page := audience.members(segment_id, after=after, limit=5000):
        after = page[-1][0]
        yield from (person for person, _since in page)


__all__ = ["Fact", "Mail", "People", "Person", "Way", "load", "members_of", "people_of"]
