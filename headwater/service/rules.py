"""Pure decisions of the service desk: statuses, and time that counts only while the desk is open."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from headwater.core.ids import id_of

STATUSES = ("new", "open", "pending", "solved", "closed")
#: What somebody still has to do with
ACTIVE = ("new", "open", "pending")
ENDED = ("solved", "closed")
#: The clocks run
RUNNING = ("new", "open")
KINDS = ("technical", "commercial", "other")
PRIORITIES = ("low", "normal", "high", "urgent")
#: The most urgent first
RANKS = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
STATUS_HUES = {"new": 235, "open": 60, "pending": 300, "solved": 150, "closed": 265}
PRIORITY_HUES = {"low": 265, "normal": 235, "high": 60, "urgent": 25}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT_QUEUE = "Support"
#: Minutes of the desk's hours until the first reply and until the solution; None: no target
DEFAULT_TARGETS: dict[str, dict[str, int | None]] = {
    "urgent": {"reply": 60, "solution": 480},
    "high": {"reply": 240, "solution": 960},
    "normal": {"reply": 480, "solution": 2400},
    "low": {"reply": 960, "solution": None},
}
DEFAULT_HOURS: dict[str, Any] = {"days": list(DAYS[:5]), "opens": "09:00", "closes": "17:00"}
#: A target may be a year of minutes at most
MOST_MINUTES = 525_600
#: Solved tickets are closed after a year at the latest, where they are
MOST_DAYS = 365
#: Days over which a due time is looked for: a desk open one minute a week still ends
_FAR = 366 * 12


def number_of(ticket_id: int) -> str:
    """What people call a ticket: "T-1042"."""
    return f"T-{ticket_id}"


def id_in(text: str) -> int | None:
    """The ticket that a text such as "T-1042", "t1042" or "#1042" names; None where it names none."""
    found = text.strip().lstrip("#").lower().removeprefix("t").removeprefix("-")
    return id_of(found)


@dataclass(frozen=True, slots=True)
class Hours:
    """When a desk works: weekdays (0: Monday), and from when to when by the clocks of its zone. No days: always.
    closes 0: midnight at the end of the day."""

    days: tuple[int, ...]
    opens: int  # minutes after midnight
    closes: int
    zone: ZoneInfo

    def window(self, day: date) -> tuple[datetime, datetime] | None:
        """The opening hours of a day in UTC; None where the desk is closed."""
        if day.weekday() not in self.days:
            return None
        end = day + timedelta(days=1) if self.closes == 0 else day
        start = datetime.combine(day, _time(self.opens), self.zone).astimezone(UTC)
        return start, datetime.combine(end, _time(self.closes), self.zone).astimezone(UTC)


def _time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def minutes_of(text: str) -> int:
    """ "09:30" in minutes after midnight. Raises ValueError."""
    hours, _colon, minutes = str(text).partition(":")
    if not (hours.isascii() and minutes.isascii() and hours.isdigit() and minutes.isdigit()):
        raise ValueError(text)
    if not (len(minutes) == 2 and len(hours) <= 2 and int(hours) < 24 and int(minutes) < 60):
        raise ValueError(text)
    return int(hours) * 60 + int(minutes)


def hours_of(raw: Mapping[str, Any], zone: str) -> Hours:
    """A queue's hours as kept (DEFAULT_HOURS shows the form), in the zone of that name (unknown: UTC)."""
    days = tuple(sorted({DAYS.index(day) for day in raw.get("days") or () if day in DAYS}))
    try:
        known = ZoneInfo(zone or "UTC")
    except (KeyError, ValueError, OSError):
        known = ZoneInfo("UTC")
    return Hours(days, minutes_of(raw.get("opens") or "00:00"), minutes_of(raw.get("closes") or "00:00"), known)


def later(start: datetime, seconds: int, hours: Hours) -> datetime:
    """The moment at which so many seconds of the desk's time have passed since `start`, in UTC."""
    start, left = start.astimezone(UTC), timedelta(seconds=seconds)
    if not hours.days:
        return start + left
    day = start.astimezone(hours.zone).date()
    for _n in range(_FAR):
        if (window := hours.window(day)) is not None:
            begin, end = max(start, window[0]), window[1]
            if end > begin:
                if left <= end - begin:
                    return begin + left
                left -= end - begin
        day += timedelta(days=1)
    return start + timedelta(days=_FAR)


def worked(start: datetime, end: datetime, hours: Hours) -> int:
    """How many seconds of the desk's time lie between two moments; 0 where the end comes first."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return 0
    if not hours.days:
        return int((end - start).total_seconds())
    total, day = timedelta(), start.astimezone(hours.zone).date()
    last = end.astimezone(hours.zone).date()
    while day <= last:
        if (window := hours.window(day)) is not None:
            total += max(min(end, window[1]) - max(start, window[0]), timedelta())
        day += timedelta(days=1)
    return int(total.total_seconds())


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks of a ticket, and what follows from them at a moment.

    reply_due, solution_due: None: no target, or the clock stands. due: the running clock that ends first. overdue: a
    running clock has ended (and it was said). alarm: when that must next be said.
    """

    reply_due: datetime | None
    solution_due: datetime | None
    reply_late: bool
    solution_late: bool
    due: datetime | None
    overdue: bool
    alarm: datetime | None


def clocks(
    *,
    status: str,
    replied: bool,
    reply_due: datetime | None,
    solution_due: datetime | None,
    reply_late: bool,
    solution_late: bool,
    now: datetime,
) -> Clocks:
    """What a ticket's due times mean while it is in `status`. A clock that was said to have ended and has more time now
    (another priority, opened again) may end once more."""
    reply_late = reply_late and not (reply_due is not None and not replied and reply_due > now)
    solution_late = solution_late and not (solution_due is not None and solution_due > now)
    running: list[tuple[datetime, bool]] = []
    if status in RUNNING:
        if reply_due is not None and not replied:
            running.append((reply_due, reply_late))
        if solution_due is not None:
            running.append((solution_due, solution_late))
    return Clocks(
        reply_due,
        solution_due,
        reply_late,
        solution_late,
        min((due for due, _late in running), default=None),
        any(late for _due, late in running),
        min((due for due, late in running if not late), default=None),
    )


def kept_key(key: str) -> str:
    """A caller's key as it is kept: a longer one than the column takes by what tells it apart from others."""
    return key if len(key) <= 120 else f"{key[:55]}:{hashlib.sha256(key.encode()).hexdigest()}"


def told_words(names: Sequence[str], limit: int = 3) -> str:
    """Some names as one text: "T-1, T-2, T-3 …"."""
    return ", ".join(names[:limit]) + (" …" if len(names) > limit else "")
