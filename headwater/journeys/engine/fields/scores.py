"""A score and one of its bands: both are asked for when the editor opens, for scores are made on their own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.audience import queries as audience
from headwater.audience.compiler.words import band_name

from ...rules.duration import RuleError
from .base import Field

LEAD = audience.ENGAGEMENT


@dataclass(frozen=True)
class ScoreModelChoice(Field):
    """The key of a score; nothing: the lead score."""

    type = "choice"
    widget: str = "choice"
    required: bool = False
    default: Any = LEAD
    source: str = "score_models"

    def check(self, value: Any) -> Any:
        keys = [m.key for m in audience.models()]
        if value not in keys:
            raise RuleError(_("One of %(values)s."), self.name, values=", ".join(keys))
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


@dataclass(frozen=True)
class BandChoice(Field):
    """The key of a band of the score that the setting `of` names."""

    type = "choice"
    widget: str = "choice"
    of: str = "model"

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise RuleError(_("This must be text."), self.name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def described(self) -> list[dict[str, Any]]:
        """A choice for each score, shown while that one is chosen; the lead score's, which is proposed, comes last."""
        out = []
        for model in reversed(audience.models()):
            choices = [{"value": b["key"], "label": str(band_name(b))} for b in reversed(model.bands)]
            values = [model.key] if model.key != LEAD else [LEAD, None]
            out.append(self.describe() | {"choices": choices, "shown": {"field": self.of, "values": values}})
        return out


def band_problem(model: Any, band: Any, place: str) -> RuleError | None:
    """What is wrong with the band of a score."""
    found = next((m for m in audience.models() if m.key == (model or LEAD)), None)
    keys = [b["key"] for b in found.bands] if found else []
    if found is None or band in keys:
        return None  # a score that is not there is a problem of its own
    return RuleError(_("One of %(values)s."), place, values=", ".join(keys))
