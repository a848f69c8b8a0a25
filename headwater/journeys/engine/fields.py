"""Settings of steps: what each may be, in words for people, in JSON Schema, and as a check."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from ..rules import calendar, matching
from ..rules.duration import UNITS, RuleError, delta
from ..rules.schedule import DAYS, clock_time

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


@dataclass(frozen=True)
class Field:
    """One setting. `label` and `help` are shown; `widget` names the input of the form."""

    name: str
    label: Any
    required: bool = True
    default: Any = None
    help: Any = ""
    widget: str = "text"
    #: Where the editor finds values to choose from (`queries.choices`)
    source: str = ""
    #: Shown only while another setting has one of these values: ("mode", ("date", "field"))
    shown: tuple[str, tuple[Any, ...]] | None = None
    type: ClassVar[str] = "text"

    def clean(self, value: Any) -> Any:
        """The value, checked. Raises RuleError."""
        if value in (None, "", [], {}):
            if self.required:
                raise RuleError("This is needed.", self.name)
            return None
        return self.check(value)

    def check(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {}

    def describe(self) -> dict[str, Any]:
        """The field as the editor needs it: see docs/journeys-api.md."""
        said = {
            "name": self.name,
            "type": self.type,
            "label": str(self.label),
            "help": str(self.help or ""),
            "required": self.required,
            "default": self.default,
            "source": self.source or None,
            "choices": None,
            "shown": None if self.shown is None else {"field": self.shown[0], "values": list(self.shown[1])},
        }
        return said | self.more()

    def more(self) -> dict[str, Any]:
        """What its type adds to the description."""
        return {}


def chosen(choices: Sequence[tuple[str, Any]]) -> list[dict[str, str]]:
    """Choices as the editor reads them."""
    return [{"value": value, "label": str(label)} for value, label in choices]


@dataclass(frozen=True)
class Text(Field):
    type = "text"
    longest: int = 200

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise RuleError("This must be text.", self.name)
        if len(value) > self.longest:
            raise RuleError(f"At most {self.longest} characters.", self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.longest}

    def more(self) -> dict[str, Any]:
        return {"longest": self.longest}


@dataclass(frozen=True)
class Number(Field):
    type = "number"
    widget: str = "number"
    least: int = -1_000_000
    most: int = 1_000_000_000

    def check(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RuleError("This must be a number.", self.name)
        if not self.least <= value <= self.most:
            raise RuleError(f"Between {self.least} and {self.most}.", self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.least, "maximum": self.most}

    def more(self) -> dict[str, Any]:
        return {"least": self.least, "most": self.most}


@dataclass(frozen=True)
class Choice(Field):
    type = "choice"
    widget: str = "choice"
    choices: Sequence[tuple[str, Any]] = ()

    def check(self, value: Any) -> Any:
        if value not in [key for key, _ in self.choices]:
            raise RuleError(f"One of {', '.join(key for key, _ in self.choices)}.", self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": [key for key, _ in self.choices]}

    def more(self) -> dict[str, Any]:
        return {"choices": chosen(self.choices)}


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
        clock_time(value)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-2]?[0-9]:[0-5][0-9]$"}


@dataclass(frozen=True)
class Boolean(Field):
    type = "boolean"
    widget: str = "boolean"

    def check(self, value: Any) -> Any:
        if not isinstance(value, bool):
            raise RuleError("Yes or no.", self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Day(Field):
    """A date, "2026-12-31"."""

    type = "date"
    widget: str = "date"

    def check(self, value: Any) -> Any:
        try:
            date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError as error:
            raise RuleError("A date looks like 2026-12-31.", self.name) from error
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


@dataclass(frozen=True)
class Moment(Field):
    """A local time, "2026-12-31T09:00"."""

    type = "datetime"
    widget: str = "datetime"

    def check(self, value: Any) -> Any:
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
        if value not in DATE_FIELDS and not CUSTOM.fullmatch(str(value)):
            raise RuleError(f"One of {', '.join(DATE_FIELDS)} or contact.custom.NAME.", self.name)
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


@dataclass(frozen=True)
class Days(Field):
    type = "days"
    widget: str = "days"

    def check(self, value: Any) -> Any:
        if not isinstance(value, list) or any(day not in DAYS for day in value):
            raise RuleError(f"A list of {', '.join(DAYS)}.", self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"enum": list(DAYS)}}

    def more(self) -> dict[str, Any]:
        return {"choices": chosen([(day, DAY_NAMES[day]) for day in DAYS])}


@dataclass(frozen=True)
class Reference(Field):
    """The id of a record of another package: a mail template, a form."""

    type = "reference"

    widget: str = "reference"
    #: May it be "any" of them?
    any: bool = False

    def check(self, value: Any) -> Any:
        if self.any and value == "any":
            return value
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise RuleError("Choose one.", self.name)
        return value

    def schema(self) -> dict[str, Any]:
        one = {"type": "integer", "minimum": 1}
        return {"anyOf": [one, {"const": "any"}]} if self.any else one

    def more(self) -> dict[str, Any]:
        return {"any": self.any}


@dataclass(frozen=True)
class Arms(Field):
    """The arms of a branch: [{"id": "clicked", "label": "Clicked", "when": CONDITION}], tried in order."""

    type = "arms"

    widget: str = "arms"

    def check(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise RuleError("Arms are a list.", self.name)
        seen = set()
        for n, arm in enumerate(value):
            if not isinstance(arm, Mapping) or not isinstance(arm.get("id"), str) or not arm["id"]:
                raise RuleError(f"Arm {n + 1} needs an id.", self.name)
            if arm["id"] == "else" or arm["id"] in seen or len(arm["id"]) > 30:
                raise RuleError(f"The arm id {arm['id']!r} is taken or too long.", self.name)
            seen.add(arm["id"])
            check_condition(arm.get("when"), self.name)
        return value

    def schema(self) -> dict[str, Any]:
        arm = {"id": {"type": "string"}, "label": {"type": "string"}, "when": {"$ref": "#/$defs/condition"}}
        return {"type": "array", "items": {"type": "object", "properties": arm, "required": ["id", "when"]}}


@dataclass(frozen=True)
class Condition(Field):
    type = "condition"
    widget: str = "condition"

    def check(self, value: Any) -> Any:
        check_condition(value, self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/condition"}


@dataclass(frozen=True)
class Where(Field):
    """Conditions on the properties of an event: [{"prop": "path", "op": "starts_with", "value": "/pricing"}]."""

    type = "where"
    widget: str = "where"

    def check(self, value: Any) -> Any:
        matching.check_where(value, self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": OPS_SCHEMA}

    def more(self) -> dict[str, Any]:
        return {"choices": chosen([(op, OP_NAMES[op]) for op in matching.OPS])}


OP_NAMES = {
    "eq": _("is"),
    "ne": _("is not"),
    "contains": _("contains"),
    "starts_with": _("starts with"),
    "ends_with": _("ends with"),
    "in": _("is one of"),
    "gt": _("more than"),
    "gte": _("at least"),
    "lt": _("less than"),
    "lte": _("at most"),
    "exists": _("is there"),
}


def check_condition(node: Any, where: str) -> None:
    """The shape of a condition: a segment's JSON, whose event leaves may say {"since": "entry"} and which may hold
    {"mail": STEP, "did": "opened"}. Raises RuleError."""
    if not isinstance(node, Mapping) or not node:
        raise RuleError("A condition is needed.", where)
    for key in ("all", "any"):
        if key in node:
            if not isinstance(node[key], list) or not node[key]:
                raise RuleError(f"{key!r} needs a list of conditions.", where)
            for child in node[key]:
                check_condition(child, where)
            return
    if "not" in node:
        return check_condition(node["not"], where)
    if "mail" in node:
        if node.get("did") not in ("sent", "opened", "clicked", "bounced", "unsubscribed"):
            raise RuleError("Of a mail one can ask: sent, opened, clicked, bounced, unsubscribed.", where)
    elif "event" in node:
        if not isinstance(node["event"], str) or not node["event"]:
            raise RuleError("Name the event.", where)
        if node.get("since") not in (None, "entry", "arrival"):
            raise RuleError("An event counts since her entry or her arrival at the step.", where)
        matching.check_where(node.get("where") or [], where)
    return None


OPS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["prop"],
    "properties": {"prop": {"type": "string"}, "op": {"enum": list(matching.OPS)}, "value": {}},
}


def condition_schema() -> dict[str, Any]:
    """A condition as JSON Schema: groups, the leaves of a journey, and any leaf of a segment."""
    child = {"$ref": "#/$defs/condition"}
    return {
        "type": "object",
        "properties": {
            "all": {"type": "array", "items": child, "minItems": 1},
            "any": {"type": "array", "items": child, "minItems": 1},
            "not": child,
            "mail": {"type": "string", "description": "a step that sends a mail"},
            "did": {"enum": ["sent", "opened", "clicked", "bounced", "unsubscribed"]},
            "event": {"type": "string"},
            "since": {"enum": ["entry", "arrival"]},
            "where": {"type": "array", "items": OPS_SCHEMA},
        },
        "minProperties": 1,
    }
