"""Entries by the calendar: birthdays, renewals, schedules. Which local days have come, and where."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from headwater.core.facts import _

from .duration import RuleError
from .schedule import DAYS, clock_time, instant

#: How far back a worker that was away looks for moments that it missed
PATIENCE = timedelta(days=3)
#: The first and the last day on which every time zone has its day within the years that there are
FIRST, LAST = date(1, 1, 3), date(9999, 12, 29)
EVERY = ("once", "day", "week", "month")


def rule_hash(rule: Mapping[str, Any]) -> str:
    """What names a rule: an edited one is another one."""
    return hashlib.md5(json.dumps(rule, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """The names of all time zones."""
    return tuple(sorted(available_timezones()))


@lru_cache(maxsize=8192)
def moment(day: date, at: time, zone: str) -> datetime:
    """When it is `at` on that day in the zone."""
    return instant(day, at, ZoneInfo(zone))


def come(after: datetime, now: datetime, at: time, names: Sequence[str]) -> Iterator[tuple[date, list[str]]]:
    """The local days on which it became `at` in (after, now], each with the zones in which it did."""
    first = after.astimezone(UTC).date() - timedelta(days=1)
    last = now.astimezone(UTC).date() + timedelta(days=1)
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        found = [name for name in names if after < moment(day, at, name) <= now]
        if found:
            yield day, found


def time_of(rule: Mapping[str, Any]) -> time:
    """The time of day of a rule of the kind "date" or "schedule"."""
    if rule.get("kind") == "schedule":
        return local(rule["from"]).time().replace(second=0, microsecond=0)
    return clock_time(rule.get("at") or "09:00")


def shifted(rule: Mapping[str, Any], day: date) -> date:
    """The date that a field must have for `day` to be the day of the rule ("3 days before")."""
    days = timedelta(days=int(rule.get("days") or 0))
    return day + days if rule.get("side", "before") == "before" else day - days


def anniversaries(day: date) -> list[str]:
    """The "MM-DD" whose anniversary is on that day: who was born on 29 February has her day on the 28th."""
    found = [f"{day:%m-%d}"]
    if found == ["02-28"] and (day + timedelta(days=1)).month == 3:
        found.append("02-29")
    return found


def of_field(rule: Mapping[str, Any], day: date | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The moment that a rule makes of a person's date: its `days` before or after, `at` a time of day, in her zone;
    of a yearly one the next that has not passed."""
    if day is None:
        return None
    days = timedelta(days=int(rule.get("days") or 0))
    offset = -days if rule.get("side", "before") == "before" else days
    at = time_of(rule)
    if not rule.get("yearly"):
        return instant(_moved(day, offset), at, zone)
    year = now.astimezone(zone).year
    found = [instant(in_year(day, y) + offset, at, zone) for y in range(year - 11, year + 12)]
    return next((moment for moment in found if moment >= now), None)


def _moved(day: date, offset: timedelta) -> date:
    """So much later; "for ever" (9999-12-31) stays that, and no zone makes another year of it."""
    try:
        moved = day + offset
    except OverflowError:
        moved = LAST if offset > timedelta(0) else FIRST
    return min(max(moved, FIRST), LAST)


def in_year(day: date, year: int) -> date:
    """The anniversary of a day; that of 29 February is the 28th where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def falls(rule: Mapping[str, Any], day: date) -> bool:
    """Is that local day one of a schedule?"""
    start = local(rule["from"]).date()
    end = date.fromisoformat(rule["until"]) if rule.get("until") else date.max
    if not start <= day <= end:
        return False
    every = rule.get("every") or "once"
    if every == "once":
        return day == start
    if every == "day":
        return True
    if every == "week":
        return DAYS[day.weekday()] in (rule.get("weekdays") or [DAYS[start.weekday()]])
    # A month without that day has it on its last.
    tomorrow = day + timedelta(days=1)
    return day.day == start.day or (tomorrow.month != day.month and start.day > day.day)


def local(text: Any) -> datetime:
    """ "2026-12-31T09:00" as a local time. Raises RuleError."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise RuleError(_("A moment looks like 2026-12-31T09:00.")) from error
    if found.tzinfo is not None:
        raise RuleError(_("A moment looks like 2026-12-31T09:00, without a zone."))
    return found
