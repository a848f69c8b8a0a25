"""When a step that waits for a time of day, a window or a weekday goes on, in the person's own time zone.

Windows end exclusive and may pass midnight (then they belong to the day on which they begin). A local time that does
not exist, because the clocks go forward, means the first instant after the gap; one that exists twice means the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from headwater.core.facts import _

from .duration import RuleError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def zone_of(name: str, default: str = "UTC") -> ZoneInfo:
    """The zone of that name; an unknown one falls back to the default, and that to UTC."""
    for candidate in (name, default):
        try:
            if candidate:
                return ZoneInfo(candidate)
        except (KeyError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


@lru_cache(maxsize=2000)
def clock_time(text: str) -> time:
    """ "09:30" as a time. Raises RuleError."""
    try:
        hours, minutes = str(text).split(":")
        return time(int(hours), int(minutes))
    except ValueError as error:
        raise RuleError(_("A time looks like 09:30.")) from error


@lru_cache(maxsize=20_000)
def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant at which it is `at` on `day` in the zone (see above for gaps), in UTC."""
    local = datetime.combine(day, at, zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found
    # In a gap: the change of the clocks lies between the two readings of the impossible time.
    low, high = local.replace(fold=1).astimezone(UTC), found
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def next_run(
    now: datetime,
    zone: ZoneInfo,
    *,
    window: Sequence[str] | None = None,
    days: Sequence[str] | None = None,
    at: str | None = None,
) -> datetime:
    """The first instant from `now` (aware) on that satisfies all that is given, in UTC.

    window: ("08:00", "10:00"); days: any of DAYS; at: a time of day. `now` itself where it satisfies them.
    """
    now = now.astimezone(UTC)
    today = now.astimezone(zone).date()
    allowed = {DAYS.index(d) for d in days} if days else set(range(7))
    for offset in range(-1, 9):  # from yesterday, whose window may pass midnight
        day = today + timedelta(days=offset)
        if day.weekday() not in allowed:
            continue
        if at is not None:
            start = instant(day, clock_time(at), zone)
            if start >= now:
                return start
            continue
        opens, closes = (clock_time(window[0]), clock_time(window[1])) if window else (time(0), time(0))
        start = instant(day, opens, zone)
        end = instant(day + timedelta(days=1) if closes <= opens else day, closes, zone)
        if now < end:
            return max(start, now)
    raise RuleError(_("No day satisfies this schedule."))
