"""Exit: the way ends here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from ..engine.base import Context, Outcome, Step, Traveller, step
from ..engine.fields import Text

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("exit", label=_("Exit"), icon="circle-check", hue=25, group="ways")
class Exit(Step):
    fields = (Text("reason", _("Name"), required=False, longest=80),)
    ways = ()

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(settings.get("reason") or _("Exit"))

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        return [Outcome("end", "end", str(context.settings.get("reason") or ""))] * len(people)

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        return Outcome("end", "end", str(sight.settings.get("reason") or ""))
