"""Kinds of rule that let people in, end their way early or say that it has reached its goal, with their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.audience.models import Segment
from headwater.people.models import Stage

from ..rules.calendar import rule_hash
from ..rules.duration import RuleError
from . import deciding
from .base import EMPTY
from .fields import (
    BandChoice,
    Boolean,
    Choice,
    Condition,
    DateField,
    Day,
    Days,
    Field,
    Moment,
    Number,
    Reference,
    ScoreModelChoice,
    Text,
    Time,
    Where,
    band_problem,
    check_condition,
)

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


TURNS = [("any", _("however it comes there")), ("up", _("when it rises to it")), ("down", _("when it falls to it"))]
PASSES = [("up", _("reaches them")), ("down", _("falls below them"))]
STAGES = [c for c in Stage.choices if c[0] != "visitor"]
DEALS = [("created", _("opened")), ("moved", _("moved to a stage")), ("won", _("won")), ("lost", _("lost"))]
SIDES = [("before", _("before")), ("after", _("after"))]
EVERY = [("once", _("only once")), ("day", _("every day")), ("week", _("every week")), ("month", _("every month"))]
ZONES = [("workspace", _("The company's")), ("person", _("The person's own"))]
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
        _("Score turned"),
        "flame",
        25,
        (
            ScoreModelChoice("model", _("Score")),
            BandChoice("band", _("Band")),
            Choice("direction", _("Direction"), required=False, default="any", choices=TURNS),
        ),
    ),
    RuleKind("stage", _("Stage changed"), "circle-dot", 60, (Choice("stage", _("Stage"), choices=STAGES),)),
    RuleKind(
        "points",
        _("Score passed some points"),
        "gauge",
        25,
        (
            ScoreModelChoice("model", _("Score")),
            Number("points", _("Points"), least=1, most=100_000),
            Choice("direction", _("Direction"), required=False, default="up", choices=PASSES),
        ),
        help=_("Any number, not only thresholds of the score; also where time alone lets it fall, to the second"),
    ),
    RuleKind(
        "deal",
        _("Deal"),
        "handshake",
        60,
        (
            Choice("what", _("What happened"), choices=DEALS),
            Reference(
                "stage",
                _("Stage"),
                required=False,
                widget="stage",
                source="stages",
                any=True,
                shown=("what", ("moved",)),
            ),
            Number(
                "least",
                _("Worth at least"),
                required=False,
                least=0,
                shown=("what", ("created", "won", "lost")),
            ),
        ),
    ),
    RuleKind(
        "date",
        _("A date of the person"),
        "calendar",
        345,
        (
            DateField("field", _("Date"), source="date_fields"),
            Number("days", _("Days"), required=False, least=0, most=3650, default=0),
            Choice("side", _("Before or after"), required=False, default="before", choices=SIDES),
            Time("at", _("At"), required=False, default="09:00", help=_("In the person's own time zone")),
            Boolean("yearly", _("Every year"), required=False, default=False),
        ),
        uses=(ENTRY,),
        help=_("Birthday, renewal and the like; who was born on 29 February has her day on the 28th"),
    ),
    RuleKind(
        "schedule",
        _("At a set time"),
        "calendar-clock",
        345,
        (
            Reference("segment", _("Segment"), widget="segment", source="segments"),
            Moment("from", _("First time")),
            Choice("every", _("Again"), required=False, default="once", choices=EVERY),
            Days("weekdays", _("On"), required=False, shown=("every", ("week",))),
            Day("until", _("Until"), required=False, shown=("every", ("day", "week", "month"))),
            Choice("zone", _("Time zone"), required=False, default="workspace", choices=ZONES),
        ),
        uses=(ENTRY,),
        help=_("Everybody who is in the segment then comes in"),
    ),
    RuleKind(
        "condition",
        _("A condition holds"),
        "filter",
        190,
        (Condition("when", _("Condition")),),
        uses=(GOAL, EXIT),
        help=_("Any condition of a segment, and what happened on the way"),
    ),
    RuleKind(
        "manual",
        _("By hand or API"),
        "user-plus",
        265,
        uses=(ENTRY,),
        help=_("People come in by a click on their page, by a call of the API or from another journey"),
    ),
)


def check(rule: Any, place: str, use: str, steps: Mapping[str, Any]) -> list[RuleError]:
    """What is wrong with a rule; `place` names where it stands ("entry.0"), `use` what it is there for."""
    if not isinstance(rule, Mapping) or rule.get("kind") not in KINDS:
        return [RuleError(_("A rule needs a kind: one of %(kinds)s."), place, kinds=", ".join(KINDS))]
    kind = KINDS[rule["kind"]]
    if use not in kind.uses:
        return [RuleError(_("A rule of this kind cannot stand here."), place)]
    found = []
    for f in kind.fields:
        try:
            f.clean(rule.get(f.name))
        except RuleError as error:
            found.append(RuleError(error.message, f"{place}.{f.name}"))
    if kind.kind == "score" and not found and (wrong := band_problem(rule.get("model"), rule["band"], f"{place}.band")):
        found.append(wrong)
    if kind.kind == "condition" and not found:
        found += condition_problems(rule["when"], f"{place}.when", steps)
    known = {f.name for f in kind.fields} | {"kind"}
    found += [
        RuleError(_("A rule of this kind has no such setting."), f"{place}.{name}")
        for name, value in rule.items()
        if name not in known and value not in EMPTY
    ]
    return found


def condition_problems(node: Any, place: str, steps: Mapping[str, Any]) -> list[RuleError]:
    """What is wrong with a condition."""
    try:
        check_condition(node, place)
        deciding.check(node, steps, place)
    except RuleError as error:
        return [error]
    return []


def points_key(rule: Mapping[str, Any]) -> str:
    """The key of the segment that a rule of the kind "points" listens to."""
    return f"score-{rule.get('model') or 'engagement'}-{int(rule['points'])}"


def segment_key(rule: Mapping[str, Any]) -> str | None:
    """The key of the segment that a rule has of its own: one of the kind "points", and a goal or exit whose condition
    time can make true, for segments notice that to the second. A condition on the way itself is no segment's."""
    if rule.get("kind") == "points":
        return points_key(rule)
    when = rule.get("when")
    if rule.get("kind") != "condition" or not when or not deciding.needs_recheck(when) or deciding.has_own(when):
        return None
    return f"ends-{rule_hash(when)[:16]}"


def rules_of(graph: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Entries, exits and goal of a graph."""
    return [*(graph.get("entry") or []), *(graph.get("exits") or []), *([graph["goal"]] if graph.get("goal") else [])]


def with_segments(graph: Mapping[str, Any]) -> Mapping[str, Any]:
    """The graph, its rules that have a segment of their own naming it."""
    keys = {key for rule in rules_of(graph) if (key := segment_key(rule))}
    if not keys:
        return graph
    ids = dict(Segment.objects.filter(key__in=keys).values_list("key", "pk"))

    def named(rule: Mapping[str, Any]) -> Mapping[str, Any]:
        key = segment_key(rule)
        return {**rule, "segment": ids.get(key, 0)} if key else rule

    return {
        **graph,
        "entry": [named(rule) for rule in graph.get("entry") or []],
        "exits": [named(rule) for rule in graph.get("exits") or []],
        "goal": named(graph["goal"]) if graph.get("goal") else None,
    }
