"""Lengths of time, times of day, dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from ...rules import calendar
from ...rules.duration import UNITS, RuleError, delta
from ...rules.schedule import DAYS, clock_time
from .base import Field, chosen

UNIT_NAMES = {
    "seconds": _("seconds"),
    "minutes": _("minutes"),
    "hours": _("hours"),
    "days": _("days"),
    "weeks": _("weeks"),
}
DAY_NAMES = {
    "mon": _("Mon"),
    "tue": _("Tue"),
    "wed": _("Wed"),
    "thu": _("Thu"),
    "fri": _("Fri"),
    "sat": _("Sat"),
    "sun": _("Sun"),
}


def said_day(value: Any) -> str:
    """A day, or a local moment, as people write it: 31 December instead of 2026-12-31; what is none as it stands."""
    text = str(value or "")
    try:
        if "T" in text:
            return date_format(datetime.fromisoformat(text), "DATETIME_FORMAT")
        return date_format(date.fromisoformat(text))
    except ValueError:
        return text


@dataclass(frozen=True)
class Duration(Field):
    type = "duration"
    widget: str = "duration"

    def check(self, value: Any) -> Any:
        delta(value)
        return value

    def schema(self) -> dict[str, Any]:
        amount = {"type": "number", "minimum": 0}
        return {
            "type": "object",
            "properties": {"amount": amount, "unit": {"enum": list(UNITS)}},
            "required": ["amount", "unit"],
        }

    def more(self) -> dict[str, Any]:
        return {"choices": chosen([(unit, UNIT_NAMES[unit]) for unit in UNITS])}


@dataclass(frozen=True)
class Time(Field):
    type = "time"
    widget: str = "time"

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise RuleError(_("A time looks like 09:30."), self.name)
        clock_time(value)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-2]?[0-9]:[0-5][0-9]$"}


@dataclass(frozen=True)
class Days(Field):
    type = "days"
    widget: str = "days"

    def check(self, value: Any) -> Any:
        if not isinstance(value, list) or any(day not in DAYS for day in value):
            raise RuleError(_("A list of %(days)s."), self.name, days=", ".join(DAYS))
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"enum": list(DAYS)}}

    def more(self) -> dict[str, Any]:
        return {"choices": chosen([(day, DAY_NAMES[day]) for day in DAYS])}


@dataclass(frozen=True)
class Day(Field):
    """A date, "2026-12-31"."""

    type = "date"
    widget: str = "date"

    def check(self, value: Any) -> Any:
        try:
            date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError as error:
            raise RuleError(_("A date looks like 2026-12-31."), self.name) from error
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


@dataclass(frozen=True)
class Moment(Field):
    """A local time, "2026-12-31T09:00"."""

    type = "datetime"
    widget: str = "datetime"

    def check(self, value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", value
        ):
            raise RuleError(_("A moment looks like 2026-12-31T09:00."), self.name)
        calendar.local(value)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$"}


@dataclass(frozen=True)
class DateField(Field):
    """The name of a field that holds a date: contact.birthday, contact.custom.contract_ends."""

    type = "text"
    widget: str = "text"

    def check(self, value: Any) -> Any:
        if not isinstance(value, str) or (value not in DATE_FIELDS and not CUSTOM.fullmatch(value)):
            raise RuleError(_("One of %(fields)s or contact.custom.NAME."), self.name, fields=", ".join(DATE_FIELDS))
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def more(self) -> dict[str, Any]:
        return {"longest": 80}


#: Columns of contacts that hold dates
DATE_FIELDS = {
    "contact.birthday": _("Birthday"),
    "contact.renewal_date": _("Renewal date"),
    "contact.customer_since": _("Customer since"),
}
CUSTOM = re.compile(r"contact\.custom\.([A-Za-z0-9_ -]{1,60})")
