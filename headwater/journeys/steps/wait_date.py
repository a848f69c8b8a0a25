"""Wait for a date: a set day, or a date of the person with an offset ("3 days before the renewal")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from headwater.people.models import Contact

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import CUSTOM, DATE_FIELDS, Boolean, Choice, DateField, Day, Number, Time, said_day
from ..engine.graph import Node, Version
from ..rules import calendar
from ..rules.duration import RuleError
from ..rules.schedule import zone_of
from ._people import zones_of

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("wait_date", label=_("Wait for a date"), icon="calendar", hue=90, group="time")
class WaitDate(Step):
    waits = True
    fields = (
        Choice("by", _("Which"), choices=[("date", _("A set day")), ("field", _("A date of the person"))]),
        Day("date", _("Day"), required=False, shown=("by", ("date",))),
        DateField("field", _("Date"), required=False, source="date_fields", shown=("by", ("field",))),
        Number("days", _("Days"), required=False, least=0, most=3650, default=0, shown=("by", ("field",))),
        Choice(
            "side",
            _("Before or after"),
            required=False,
            default="before",
            choices=[("before", _("before")), ("after", _("after"))],
            shown=("by", ("field",)),
        ),
        Boolean("yearly", _("Every year"), required=False, default=False, shown=("by", ("field",))),
        Time("at", _("At"), required=False, default="09:00", help=_("In the person's own time zone")),
        Boolean("late", _("Another way where it has passed"), required=False, default=False),
    )
    ways = ({"id": "next", "label": ""}, {"id": "late", "label": _("Passed, or no date"), "if": "late"})

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if not settings.get(settings["by"]):
            raise RuleError(_("This is needed."), settings["by"])

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        if settings.get("by") == "date":
            return str(_("Wait until %(day)s") % {"day": said_day(settings.get("date"))})
        field = str(settings.get("field") or "")
        name = DATE_FIELDS.get(field) or field.rpartition(".")[2].replace("_", " ")
        days = int(settings.get("days") or 0)
        if not days:
            return str(_("Wait until %(day)s") % {"day": name})
        after = settings.get("side") == "after"
        words = _("Wait until %(n)s days after %(date)s") if after else _("Wait until %(n)s days before %(date)s")
        return str(words % {"n": days, "date": name})

    @classmethod
    def hears(cls, node: Node, version: Version) -> frozenset[str] | None:
        return frozenset(("contact.updated",)) if node.settings.get("by") == "field" else frozenset()

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        moments = _moments(context, people)
        late = "late" if context.settings.get("late") else "next"
        none, passed = Outcome("next", late, "no_date"), Outcome("next", late, "passed")
        out = []
        for t in people:
            at = moments[t.person_id]
            if at is None:
                out.append(none)
            elif at < context.now:
                out.append(passed)
            else:
                out.append(Outcome("wait", until=at) if at > context.now else GO)
        return out

    @classmethod
    def wake(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        """Her day has come, or her field was changed: then the wait is reckoned anew. The change may have been heard
        while a pause held her, or wait in a backlog: so it is looked for where she wakes late, too."""
        late = [t for t in people if t.until is not None and t.until < context.now]
        moved = _moved(context, late) if late and context.settings["by"] == "field" else set()
        again = [t for t in people if t.until is not None and (t.until > context.now or (t.person_id, t.id) in moved)]
        outcomes = dict(
            zip([(t.person_id, t.id) for t in again], cls.run(context, again) if again else [], strict=True)
        )
        return [outcomes.get((t.person_id, t.id), GO) for t in people]

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        if sight.woken:
            return Outcome("next")
        settings, zone = sight.settings, sight.person.zone
        if settings["by"] == "date":
            day = date.fromisoformat(settings["date"])
            at: datetime | None = calendar.moment(day, calendar.time_of(settings), zone)
        else:
            known = sight.person.date_at(str(settings["field"]), sight.now)
            at = calendar.of_field(settings, known, zone_of(zone), sight.now)
        if at is not None and at > sight.now:
            return Outcome("wait", until=at)
        late = "late" if settings.get("late") else "next"
        return Outcome("next", late, "no_date" if at is None else "passed") if at != sight.now else Outcome("next")


def _moved(context: Context, people: Sequence[Traveller]) -> set[tuple[int, int]]:
    """Those whose day, as it stood to be when they last reckoned it, is another one by now."""
    settings, zones = context.settings, zones_of(people)
    days = dates_of(settings["field"], [t.person_id for t in people])
    return {
        (t.person_id, t.id)
        for t in people
        if t.until
        != calendar.of_field(settings, days.get(t.person_id), zone_of(zones[t.person_id]), t.until or t.since)
    }


def _moments(context: Context, people: Sequence[Traveller]) -> dict[int, datetime | None]:
    settings = context.settings
    zones = zones_of(people)
    if settings["by"] == "date":
        day = date.fromisoformat(settings["date"])
        at = calendar.time_of(settings)
        return {t.person_id: calendar.moment(day, at, zones[t.person_id]) for t in people}
    days = dates_of(settings["field"], [t.person_id for t in people])
    return {
        t.person_id: calendar.of_field(settings, days.get(t.person_id), zone_of(zones[t.person_id]), context.now)
        for t in people
    }


def dates_of(field: str, person_ids: Sequence[int]) -> dict[int, date]:
    """The dates that a field holds, of those who have one."""
    custom = CUSTOM.fullmatch(field)
    column = "custom" if custom else field.removeprefix("contact.")
    found: dict[int, date] = {}
    for pk, value in Contact.objects.filter(pk__in=person_ids).values_list("pk", column):
        said = (value or {}).get(custom[1]) if custom else value
        try:
            found[pk] = said if isinstance(said, date) else date.fromisoformat(str(said)[:10])
        except ValueError:
            continue
    return found
