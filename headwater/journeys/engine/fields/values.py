"""Texts, numbers, choices, records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from ...rules.duration import RuleError
from .base import Field, chosen


@dataclass(frozen=True)
class Text(Field):
    type = "text"
    longest: int = 200

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise RuleError(_("This must be text."), self.name)
        if len(value) > self.longest:
            raise RuleError(_("At most %(n)s characters."), self.name, n=self.longest)
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
            raise RuleError(_("This must be a number."), self.name)
        if not self.least <= value <= self.most:
            raise RuleError(_("Between %(least)s and %(most)s."), self.name, least=self.least, most=self.most)
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
        if value not in [key for key, _label in self.choices]:
            raise RuleError(_("One of %(values)s."), self.name, values=", ".join(key for key, _label in self.choices))
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": [key for key, _label in self.choices]}

    def more(self) -> dict[str, Any]:
        return {"choices": chosen(self.choices)}


@dataclass(frozen=True)
class Boolean(Field):
    type = "boolean"
    widget: str = "boolean"

    def check(self, value: Any) -> Any:
        if not isinstance(value, bool):
            raise RuleError(_("Yes or no."), self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


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
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**63:
            raise RuleError(_("Choose one."), self.name)
        return value

    def schema(self) -> dict[str, Any]:
        one = {"type": "integer", "minimum": 1}
        return {"anyOf": [one, {"const": "any"}]} if self.any else one

    def more(self) -> dict[str, Any]:
        return {"any": self.any}


@dataclass(frozen=True)
class StepRef(Field):
    """Another step of the same journey, by its id."""

    type = "step"
    widget: str = "text"

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise RuleError(_("Choose a step."), self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


@dataclass(frozen=True)
class Pairs(Field):
    """Names and texts: [{"name": "plan", "value": "{{ event.plan }}"}]."""

    type = "pairs"
    widget: str = "pairs"

    def check(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise RuleError(_("A list of names and values."), self.name)
        for one in value:
            if not isinstance(one, Mapping) or not isinstance(one.get("name"), str) or not one["name"]:
                raise RuleError(_("Each needs a name."), self.name)
            if not isinstance(one.get("value", ""), (str, int, float, bool)):
                raise RuleError(_("A value is text, a number, or yes or no."), self.name)
        return value

    def schema(self) -> dict[str, Any]:
        item = {"type": "object", "properties": {"name": {"type": "string"}, "value": {}}, "required": ["name"]}
        return {"type": "array", "items": item}


#: Standard fields that a journey may set; custom ones are "custom.NAME"
CONTACT_FIELDS = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "name": _("Name"),
    "phone": _("Phone"),
    "job_title": _("Job title"),
    "country": _("Country"),
    "city": _("City"),
    "region": _("Region"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
    "gender": _("Gender"),
    "birthday": _("Birthday"),
    "renewal_date": _("Renewal date"),
    "customer_since": _("Customer since"),
}
