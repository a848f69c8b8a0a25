"""Lengths of time as people write them: {"amount": 3, "unit": "days"}."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from headwater.core.facts import _

UNITS = ("seconds", "minutes", "hours", "days", "weeks")
LONGEST = timedelta(days=3650)


class RuleError(ValueError):
    """Something a person wrote cannot be right; the message is for her, `where` names the field.

    text: English marked for translation, with %(names)s of `values`. `message` is it in the active language.
    """

    #: Translates; rules know no Django, so apps.py puts gettext here
    say: ClassVar[Callable[[str], str]] = str

    def __init__(self, text: Any, where: str = "", **values: Any) -> None:
        super().__init__(text)
        self.text, self.where, self.values = text, where, values

    @property
    def message(self) -> str:
        said = type(self).say(str(self.text))
        return said % self.values if self.values else said

    def __str__(self) -> str:
        return self.message


def delta(value: Mapping[str, Any]) -> timedelta:
    """The duration as a timedelta. Raises RuleError."""
    if not isinstance(value, Mapping):
        raise RuleError(_('A duration looks like {"amount": 3, "unit": "days"}.'))
    amount, unit = value.get("amount"), value.get("unit")
    if unit not in UNITS:
        raise RuleError(_("The unit must be one of %(units)s."), units=", ".join(UNITS))
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or amount < 0:
        raise RuleError(_("The amount must be a number, zero or more."))
    try:
        found = timedelta(**{unit: amount})
    except OverflowError:
        found = LONGEST + timedelta(days=1)
    if found > LONGEST:
        raise RuleError(_("A duration may be ten years at most."))
    return found


#: unit -> one of it, several
_WORDS = {
    "seconds": (_("%(n)s second"), _("%(n)s seconds")),
    "minutes": (_("%(n)s minute"), _("%(n)s minutes")),
    "hours": (_("%(n)s hour"), _("%(n)s hours")),
    "days": (_("%(n)s day"), _("%(n)s days")),
    "weeks": (_("%(n)s week"), _("%(n)s weeks")),
}


def text(value: Mapping[str, Any]) -> str:
    """ "3 days", "1 hour", in the active language. Raises KeyError for a unit that is none."""
    amount = value.get("amount", 0)
    number = int(amount) if float(amount).is_integer() else amount
    one, several = _WORDS[str(value.get("unit", "days"))]
    return RuleError.say(one if number == 1 else several) % {"n": number}


def seconds(number: float) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=number)
