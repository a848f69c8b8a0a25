"""Wait: for a length of time, then, if asked for, until a weekday, a time of day or a window in her time zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import Workspace
from headwater.people.models import Contact

from ..engine.base import Context, Outcome, Step, Traveller, step
from ..engine.fields import DAY_NAMES, Days, Duration, Time
from ..rules import duration
from ..rules.duration import RuleError
from ..rules.schedule import next_run, zone_of


@step("wait", label=_("Wait"), icon="clock", hue=90, group="time")
class Wait(Step):
    waits = True
    fields = (
        Duration("for", _("Wait for"), required=False, widget="duration"),
        Days("days", _("Then only on"), required=False, help=_("In the person's own time zone")),
        Time("at", _("At"), required=False),
        Time("from", _("Not before"), required=False),
        Time("to", _("Not after"), required=False),
    )

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if not any(settings.get(f.name) for f in cls.fields):
            raise RuleError("Say how long or until when to wait.", "for")
        if bool(settings.get("from")) != bool(settings.get("to")):
            raise RuleError("A window needs its beginning and its end.", "to")
        if settings.get("at") and settings.get("from"):
            raise RuleError("Either a time or a window.", "at")

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
        return " · ".join(parts)

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        earliest = context.now + duration.delta(settings["for"]) if settings.get("for") else context.now
        if not any(settings.get(key) for key in ("days", "at", "from")):
            return [_until(earliest, context.now)] * len(people)
        zones = zones_of(people)
        outcomes = {zone: _until(_scheduled(settings, earliest, zone), context.now) for zone in set(zones.values())}
        return [outcomes[zones[t.person_id]] for t in people]


def _until(at: datetime, now: datetime) -> Outcome:
    return Outcome("next") if at <= now else Outcome("wait", until=at)


def _scheduled(settings: Mapping[str, Any], earliest: datetime, zone: str) -> datetime:
    window = (settings["from"], settings["to"]) if settings.get("from") else None
    return next_run(earliest, zone_of(zone), window=window, days=settings.get("days"), at=settings.get("at"))


def zones_of(people: Sequence[Traveller]) -> dict[int, str]:
    """person_id -> the name of her time zone; the workspace's where hers is not known."""
    default = Workspace.objects.filter(pk=1).values_list("time_zone", flat=True).first() or "UTC"
    ids = [t.person_id for t in people]
    known = dict(Contact.objects.filter(pk__in=ids).exclude(time_zone="").values_list("pk", "time_zone"))
    return {pk: known[pk] if pk in known and zone_of(known[pk], "").key == known[pk] else default for pk in ids}
