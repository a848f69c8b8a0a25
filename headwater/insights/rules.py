"""Periods and shares, free of Django."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: The steps of the funnel, in order, with the milestone that each counts.
STEPS = ("awareness", "consideration", "decision", "action")
MILESTONES = ("lead", "mql", "sql", "opportunity", "customer")
#: Which first milestone takes a person into a step (awareness counts browsers, not people).
REACHED: dict[str, tuple[str, ...]] = {
    "consideration": ("lead",),
    "decision": ("mql", "sql", "opportunity"),
    "action": ("customer",),
}
CHOICES = (7, 30, 90, 365)


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` (included) to `until` (not included), both aware."""

    since: datetime
    until: datetime

    @property
    def days(self) -> int:
        return max(1, round((self.until - self.since) / timedelta(days=1)))

    @property
    def before(self) -> Period:
        """The period of the same length that ended when this one began."""
        return Period(self.since - (self.until - self.since), self.since)


def last_days(days: int, now: datetime) -> Period:
    """The last `days` days up to now."""
    return Period(now - timedelta(days=days), now)


def share(part: float, whole: float) -> float | None:
    """part / whole, None where there is no whole."""
    return part / whole if whole else None


def change(now: float, before: float) -> float | None:
    """How much more (0.2: a fifth more), None where there was nothing before."""
    return (now - before) / before if before else None


def parse_reached(value: str) -> tuple[tuple[str, ...], datetime, datetime]:
    """The filter "STEP~SINCE~UNTIL" as (milestones, since, until). Raises ValueError on anything else."""
    step, _, rest = value.partition("~")
    since, _, until = rest.partition("~")
    if step not in REACHED and step not in MILESTONES:
        raise ValueError(f"not a step of the funnel: {step!r}")
    start, end = datetime.fromisoformat(since), datetime.fromisoformat(until)
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("times need a zone")
    return REACHED.get(step, (step,)), start, end


#: What the sum of all sources beyond the first few is called
OTHERS = "*"
#: How many sources the dashboard names
MOST_SOURCES = 5


def source_value(source: str, period: Period) -> str:
    """The filter's value for the new leads of a source ("" for none known, OTHERS for the rest) in a period."""
    return f"{period.since.isoformat()}~{period.until.isoformat()}~{source}"


def parse_source(value: str) -> tuple[str, datetime, datetime]:
    """The filter "SINCE~UNTIL~SOURCE" as (source, since, until). Raises ValueError on anything else."""
    since, _, rest = value.partition("~")
    until, tilde, source = rest.partition("~")
    start, end = datetime.fromisoformat(since), datetime.fromisoformat(until)
    if not tilde or start.tzinfo is None or end.tzinfo is None:
        raise ValueError("a source needs two times with a zone before it")
    return source, start, end


def reached_value(step: str, period: Period) -> str:
    """The filter's value for a step and a period; `parse_reached` reads it."""
    return f"{step}~{period.since.isoformat()}~{period.until.isoformat()}"
