"""Kinds of rule that let people in, end their way early or say that it has reached its goal, with their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.people.models import Stage

from ..rules.duration import RuleError
from .base import EMPTY
from .fields import Choice, Field, Reference, Text, Where

ENTRY, GOAL, EXIT = "entry", "goal", "exit"
EVERYWHERE = (ENTRY, GOAL, EXIT)


@dataclass(frozen=True)
class RuleKind:
    """uses: what rules of this kind may be."""

    kind: str
    label: Any
    icon: str
    hue: int
    fields: Sequence[Field] = ()
    uses: Sequence[str] = EVERYWHERE
    help: Any = ""


BANDS = [("cold", _("cold")), ("warm", _("warm")), ("hot", _("hot"))]
STAGES = [c for c in Stage.choices if c[0] != "visitor"]
_SEGMENT = Reference("segment", _("Segment"), widget="segment", source="segments", any=True)

KINDS: dict[str, RuleKind] = {}


def _add(*kinds: RuleKind) -> None:
    KINDS.update({k.kind: k for k in kinds})


_add(
    RuleKind("segment", _("Entered a segment"), "filter", 190, (_SEGMENT,)),
    RuleKind("left_segment", _("Left a segment"), "filter-x", 265, (_SEGMENT,)),
    RuleKind(
        "event",
        _("Did something"),
        "mouse-pointer-click",
        235,
        (
            Text("event", _("Event"), longest=80, source="events"),
            Where("where", _("Where"), required=False, help=_("All of these must hold"), source="props"),
        ),
    ),
    RuleKind(
        "form",
        _("Sent a form"),
        "clipboard-list",
        235,
        (Reference("form", _("Form"), widget="form", source="forms", any=True),),
    ),
    RuleKind("tag", _("Got a tag"), "tag", 235, (Text("tag", _("Tag"), longest=60, source="tags"),)),
    RuleKind("untag", _("Lost a tag"), "tag", 265, (Text("tag", _("Tag"), longest=60, source="tags"),)),
    RuleKind(
        "score",
        _("Score reached a band"),
        "flame",
        25,
        (
            Text("model", _("Score"), required=False, longest=40, source="score_models", default="engagement"),
            Choice("band", _("Band"), choices=BANDS),
        ),
    ),
    RuleKind("stage", _("Stage changed"), "circle-dot", 60, (Choice("stage", _("Stage"), choices=STAGES),)),
    RuleKind(
        "manual",
        _("By hand or API"),
        "user-plus",
        265,
        uses=(ENTRY,),
        help=_("People come in by a click on their page, by a call of the API or from another journey"),
    ),
)


def check(rule: Any, place: str, use: str) -> list[RuleError]:
    """What is wrong with a rule; `place` names where it stands ("entry.0"), `use` what it is there for."""
    if not isinstance(rule, Mapping) or rule.get("kind") not in KINDS:
        return [RuleError(f"A rule needs a kind: one of {', '.join(KINDS)}.", place)]
    kind = KINDS[rule["kind"]]
    if use not in kind.uses:
        return [RuleError("A rule of this kind cannot stand here.", place)]
    found = []
    for f in kind.fields:
        try:
            f.clean(rule.get(f.name))
        except RuleError as error:
            found.append(RuleError(error.message, f"{place}.{f.name}"))
    known = {f.name for f in kind.fields} | {"kind"}
    found += [
        RuleError("A rule of this kind has no such setting.", f"{place}.{name}")
        for name, value in rule.items()
        if name not in known and value not in EMPTY
    ]
    return found
