"""Wait: for a length of time, then, if asked for, until a weekday, a time of day or a window in her time zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import DAY_NAMES, Boolean, Days, Duration, Time
from ..rules import duration
from ..rules.best_hour import DAYS, HALF, NOTHING, Counts, best_hour, hours_within
from ..rules.duration import RuleError
from ..rules.schedule import DAYS as WEEK
from ..rules.schedule import next_run, zone_of
from . import _best
from ._people import default_zone, zones_of

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("wait", label=_("Wait"), icon="clock", hue=90, group="time")
class Wait(Step):
    waits = True
    fields = (
        Duration("for", _("Wait for"), required=False, widget="duration"),
        Days("days", _("Then only on"), required=False, help=_("In the person's own time zone")),
        Time("at", _("At"), required=False),
        Time("from", _("Not before"), required=False),
        Time("to", _("Not after"), required=False),
        Boolean("office", _("In business hours"), required=False, help=_("Monday to Friday, 9:00 to 17:00")),
        Boolean(
            "best",
            _("In her best hour"),
            required=False,
            help=_("When she opens and clicks most; of whom little is known, when most people do"),
        ),
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if not any(settings.get(f.name) for f in cls.fields):
            raise RuleError(_("Say how long or until when to wait."), "for")
        if bool(settings.get("from")) != bool(settings.get("to")):
            raise RuleError(_("A window needs its beginning and its end."), "to")
        if settings.get("at") and settings.get("from"):
            raise RuleError(_("Either a time or a window."), "at")
        if settings.get("at") and settings.get("best"):
            raise RuleError(_("Either a time or her best hour."), "at")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        parts = []
        if settings.get("for"):
            parts.append(str(_("Wait %(time)s") % {"time": duration.text(settings["for"])}))
        else:
            parts.append(str(_("Wait")))
        if settings.get("days"):
            parts.append(", ".join(str(DAY_NAMES[d]) for d in settings["days"]))
        if settings.get("at"):
            parts.append(str(_("until %(time)s") % {"time": settings["at"]}))
        if settings.get("from"):
            parts.append(f"{settings['from']}–{settings['to']}")
        if settings.get("office"):
            parts.append(str(_("in business hours")))
        if settings.get("best"):
            parts.append(str(_("in her best hour")))
        return " · ".join(parts)

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        earliest = context.now + duration.delta(settings["for"]) if settings.get("for") else context.now
        if not any(settings.get(key) for key in SCHEDULED):
            return [_until(earliest, context.now)] * len(people)
        zones = zones_of(people)
        if settings.get("best"):
            return _best_hours(context, people, zones, earliest)
        outcomes = {zone: _until(_scheduled(settings, earliest, zone), context.now) for zone in set(zones.values())}
        return [outcomes[zones[t.person_id]] for t in people]

    @classmethod
    def wake(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        """Her time has come. Where that is noticed so late (after a pause) that her window is over, she waits for the
        next one; whose wait a colleague ended goes on now."""
        if not any(context.settings.get(key) for key in ("days", "from", "office", "best")):
            return [GO] * len(people)
        zones = zones_of(people)
        opens = {zone: _open(context.settings, context.now, zone) for zone in set(zones.values())}
        went = cls._went(context, people, zones)
        return [
            Outcome("wait", until=opens[zones[t.person_id]])
            if t.until is not None and t.until < context.now < opens[zones[t.person_id]]
            else outcome
            for t, outcome in zip(people, went, strict=True)
        ]

    @classmethod
    def _went(cls, context: Context, people: Sequence[Traveller], zones: Mapping[int, str]) -> Sequence[Outcome]:
        if not context.settings.get("best"):
            return [GO] * len(people)
        # Whose wait a colleague ended did not wait for her hour
        return [
            Outcome("next", reason=f"best:{t.until.astimezone(zone_of(zones[t.person_id])).hour}")
            if t.until is not None and t.until < context.now
            else GO
            for t in people
        ]

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        settings = sight.settings
        if sight.woken:
            return Outcome("next")
        earliest = sight.now + duration.delta(settings["for"]) if settings.get("for") else sight.now
        if settings.get("best"):
            person, since = sight.person, sight.now - timedelta(days=DAYS)
            read = [
                (at, kind, person.zone)
                for at, kind, _data in person.facts
                if kind in _best.KINDS and since < at <= sight.now
            ]
            hers, all_ = _best.counted(read), _best.everybodys(sight.plan.default_zone, sight.plan.until)
            earliest = _in_best_hour(settings, earliest, person.zone, hers, all_, person.id)
        elif any(settings.get(key) for key in SCHEDULED):
            earliest = _scheduled(settings, earliest, sight.person.zone)
        return _until(earliest, sight.now)


SCHEDULED = ("days", "at", "from", "office", "best")
OFFICE_DAYS, OFFICE_HOURS = WEEK[:5], ("09:00", "17:00")


def _until(at: datetime, now: datetime) -> Outcome:
    return Outcome("next") if at <= now else Outcome("wait", until=at)


def _scheduled(settings: Mapping[str, Any], earliest: datetime, zone: str) -> datetime:
    return next_run(earliest, zone_of(zone), **hours_of(settings))


def _open(settings: Mapping[str, Any], now: datetime, zone: str) -> datetime:
    """When the days and the window of the settings allow her to go on."""
    allowed = hours_of(settings) | {"at": None}
    return next_run(now, zone_of(zone), **allowed)


def _best_hours(
    context: Context, people: Sequence[Traveller], zones: Mapping[int, str], earliest: datetime
) -> list[Outcome]:
    known, all_ = _best.hers(zones, context.now), _best.everybodys(default_zone(), context.now)
    out = []
    for t in people:
        zone, hers = zones[t.person_id], known.get(t.person_id, NOTHING)
        out.append(_until(_in_best_hour(context.settings, earliest, zone, hers, all_, t.person_id), context.now))
    return out


def _in_best_hour(
    settings: Mapping[str, Any], earliest: datetime, zone: str, hers: Counts, all_: Counts, person_id: int
) -> datetime:
    """The first instant from `earliest` on in the best of the hours that the settings allow, in its first half; at once
    where it is that hour."""
    allowed = hours_of(settings)
    hours = hours_within(allowed["window"])
    if not hours:  # the window is shorter than that
        return next_run(earliest, zone_of(zone), **allowed)
    hour = best_hour(hers, all_, hours)
    if earliest.astimezone(zone_of(zone)).hour == hour and next_run(earliest, zone_of(zone), **allowed) == earliest:
        return earliest
    days, window = allowed["days"], allowed["window"]
    if days and window and f"{hour:02}" < window[0][:2]:  # after midnight: the window began on the day before
        days = [WEEK[(WEEK.index(day) + 1) % 7] for day in days]
    return next_run(earliest, zone_of(zone), days=days, at=f"{hour:02}:{person_id % HALF:02}")


def hours_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The days, window and time of day that settings allow; business hours are Monday to Friday, 9:00 to 17:00, where
    the settings say no other days or times."""
    window = (settings["from"], settings["to"]) if settings.get("from") else None
    days, at = settings.get("days"), settings.get("at")
    if settings.get("office"):
        days = days or list(OFFICE_DAYS)
        window = window or (None if at else OFFICE_HOURS)
    return {"window": window, "days": days, "at": at}
