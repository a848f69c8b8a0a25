"""What would have let one person in: facts, days of hers, schedules, colleagues."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import json

from ...rules import calendar, matching
from ...rules.schedule import zone_of
from .person import Data, Person
from .plan import Plan
from .world import members_of

#: (when, which rule (-1: by hand), data of the fact)
Cause = tuple[datetime, int, Data]


def entries_of(plan: Plan, person: Person) -> Iterator[Cause]:
    """(when, which rule, data of the fact) of everything that would have let her in, oldest first."""
    found: list[Cause] = [(at, -1, {}) for at in person.by_hand]
    for n, rule in enumerate(plan.version.entry):
        if rule["kind"] == "date":
            found += [(at, n, {"field": rule["field"]}) for at in _moments(plan, rule, person)]
    found += [(at, n, {}) for n, at in _scheduled(plan, person)]
    return heapq.merge(sorted(found, key=_first), _facts(plan, person), key=_first)


def _first(cause: Cause) -> tuple[datetime, int]:
    return cause[0], cause[1]


def _facts(plan: Plan, person: Person) -> Iterator[Cause]:
    """Read as far as somebody asks: most people enter once."""
    rules = [(n, rule, matching.fact_kind(rule)) for n, rule in enumerate(plan.version.entry)]
    for at, kind, text in person.facts:
        if kind in plan.causes and at >= plan.since:
            data = json.decode(text)
            hit = next((n for n, rule, its in rules if its == kind and matching.matches(rule, kind, data)), None)
            if hit is not None:
                yield at, hit, data


def _moments(plan: Plan, rule: Mapping[str, Any], person: Person) -> list[datetime]:
    """When the day of a date's rule came for her, by the date as it stood then."""
    stood = person.dates_of(str(rule["field"]))
    ends = [at for at, _day in stood[1:] if at is not None] + [plan.until]
    out: list[datetime] = []
    for (begun, day), end in zip(stood, ends, strict=True):
        start = max(begun or plan.since, plan.since)
        if day is not None and start < end:
            out += _come(rule, day, zone_of(person.zone), start, min(end, plan.until))
    return out


def _come(rule: Mapping[str, Any], day: date, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """The moments of one date, after `start` and up to `end`."""
    if not rule.get("yearly"):
        at = calendar.of_field(rule, day, zone, start)
        return [at] if at is not None and start < at <= end else []
    out: list[datetime] = []
    at = calendar.of_field(rule, day, zone, start + timedelta(microseconds=1))
    while at is not None and at <= end:
        out.append(at)
        at = calendar.of_field(rule, day, zone, at + timedelta(hours=1))
    return out


def _scheduled(plan: Plan, person: Person) -> Iterator[tuple[int, datetime]]:
    for n, rule in enumerate(plan.version.entry):
        if rule["kind"] == "schedule":
            zone = person.zone if rule.get("zone") == "person" else plan.default_zone
            if person.id in _members(plan, int(rule["segment"])):
                yield from ((n, at) for at in _times(json.encode(rule), zone, plan.since, plan.until))


@lru_cache(maxsize=512)
def _times(rule: bytes, zone: str, since: datetime, until: datetime) -> list[datetime]:
    """When a schedule's time came in a zone."""
    said = json.decode(rule)
    days = calendar.come(since, until, calendar.time_of(said), [zone])
    return [calendar.moment(day, calendar.time_of(said), zone) for day, _z in days if calendar.falls(said, day)]


def _members(plan: Plan, segment_id: int) -> frozenset[int]:
    found: dict[int, frozenset[int]] = plan.__dict__.setdefault("members", {})
    if segment_id not in found:
        found[segment_id] = frozenset(members_of(segment_id))
    return found[segment_id]
