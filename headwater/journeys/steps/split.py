"""Split: people part at random, by shares that stay; a share may be held out, and the better way may win."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from ..engine.base import Context, Outcome, Step, Traveller, step
from ..engine.fields import Choice, Duration, Number, Text, Variants
from ..models import SplitDecision

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("split", label=_("Random split"), icon="shuffle", hue=300, group="ways")
class Split(Step):
    fields = (
        Text("name", _("Question"), required=False, longest=80),
        Variants("variants", _("Ways"), help=_("Shares follow the weights")),
        Number("holdout", _("Held out, per cent"), required=False, least=1, most=90, help=_("Empty: nobody")),
        Choice(
            "winner",
            _("The better way wins"),
            required=False,
            default="none",
            choices=[
                ("none", _("No: the shares stay")),
                ("goal", _("By reaching the goal")),
                ("clicked", _("By clicks in mails")),
                ("opened", _("By opened mails")),
            ],
        ),
        Number(
            "least",
            _("People in each way at least"),
            required=False,
            default=100,
            least=20,
            most=1_000_000,
            shown=("winner", ("goal", "clicked", "opened")),
        ),
        Duration(
            "after",
            _("Counted within"),
            required=False,
            default={"amount": 3, "unit": "days"},
            shown=("winner", ("goal", "clicked", "opened")),
        ),
    )
    ways = ({"each": "variants"}, {"id": "holdout", "label": _("Held out"), "if": "holdout"})

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        if settings.get("name"):
            return str(settings["name"])
        return " / ".join(label for _id, label in cls.arms(settings)) or str(cls.label)

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        winner = ""
        if context.settings.get("winner") not in (None, "none"):
            rows = SplitDecision.objects.filter(version_id=context.version.id, step=context.node.id)
            winner = rows.values_list("winner", flat=True).first() or ""
        ways = {arm: Outcome("next", arm) for arm, _label in cls.arms(context.settings)}
        return [ways[way_of(context.settings, f"{t.person_id}.{t.id}:{context.node.id}", winner)] for t in people]

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        """The shares as they are set: who would have won is not known before."""
        return Outcome("next", way_of(sight.settings, sight.key))


def way_of(settings: Mapping[str, Any], key: str, winner: str = "") -> str:
    """The way that this key takes: always the same for the same settings."""
    drawn = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64
    held = (settings.get("holdout") or 0) / 100
    if drawn < held:
        return "holdout"
    if winner:
        return winner
    left = (drawn - held) / (1 - held)
    variants = settings["variants"]
    total = sum(v.get("weight", 1) for v in variants)
    for v in variants:
        left -= v.get("weight", 1) / total
        if left < 0:
            return str(v["id"])
    return str(variants[-1]["id"])
