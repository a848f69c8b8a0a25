"""What every setting has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from ...rules.duration import RuleError


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
                raise RuleError(_("This is needed."), self.name)
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

    def described(self) -> list[dict[str, Any]]:
        """The field as the editor needs it, once for each case in which it looks different."""
        return [self.describe()]

    def more(self) -> dict[str, Any]:
        """What its type adds to the description."""
        return {}


def chosen(choices: Sequence[tuple[str, Any]]) -> list[dict[str, str]]:
    """Choices as the editor reads them."""
    return [{"value": value, "label": str(label)} for value, label in choices]
