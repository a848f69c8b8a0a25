"""Branch: the first arm whose condition holds, else the last. With a time limit she waits for an arm to come true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from ..engine import deciding
from ..engine.base import Context, Outcome, Step, Traveller, step
from ..engine.fields import Arms, Duration, Text
from ..engine.graph import Node, Version
from ..rules import duration

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("branch", label=_("Branch"), icon="split", hue=300, group="ways")
class Branch(Step):
    waits = True
    fields = (
        Text("name", _("Question"), required=False, longest=80),
        Arms("arms", _("Arms"), help=_("Tried from the first to the last")),
        Duration("within", _("Decide within"), required=False, help=_("Empty: decide at once")),
        Text("else_label", _("Otherwise"), required=False, longest=40),
    )

    ways = ({"each": "arms"}, {"id": "else", "label": _("No"), "label_from": "else_label"})

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        for arm in settings.get("arms") or []:
            deciding.check(arm["when"], step_ids, "arms")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        name = settings.get("name") or " / ".join(label for _id, label in cls.arms(settings)[:-1])
        if settings.get("within"):
            return str(
                _("%(what)s within %(time)s?") % {"what": name.rstrip("?？"), "time": duration.text(settings["within"])}
            )
        return str(name)

    @classmethod
    def hears(cls, node: Node, version: Version) -> frozenset[str] | None:
        kinds: set[str] = set()
        for arm in node.settings.get("arms") or []:
            heard = deciding.listens(arm["when"], version)
            if heard is None:
                return None
            kinds |= heard
        return frozenset(kinds) if node.settings.get("within") else frozenset()

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        within = context.settings.get("within")
        return decide(context, people, context.now + duration.delta(within) if within else None)

    @classmethod
    def wake(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        return decide(context, people, None)

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        for arm in sight.settings.get("arms") or []:
            if sight.holds(arm["when"]):
                return Outcome("next", arm["id"])
        within = sight.settings.get("within")
        if not within or (sight.woken and sight.way.until is not None and sight.way.until <= sight.now):
            return Outcome("next", "else", "timeout" if within else "")
        return Outcome("wait", until=sight.way.until if sight.woken else sight.now + duration.delta(within))


def decide(context: Context, people: Sequence[Traveller], until: Any) -> list[Outcome]:
    """The first arm that holds for each; for those for whom none does, "else" when their time is over, which for
    newcomers is `until` (None: at once), else waiting."""
    arms = context.settings.get("arms") or []
    out: list[Outcome | None] = [None] * len(people)
    open_ = list(range(len(people)))
    for arm in arms:
        subset = [people[n] for n in open_]
        held = deciding.true_for(arm["when"], context, subset)
        outcome = Outcome("next", arm["id"])
        for place in held:
            out[open_[place]] = outcome
        open_ = [n for place, n in enumerate(open_) if place not in held]
    late, at_once = Outcome("next", "else", "timeout"), Outcome("next", "else")
    staying: list[tuple[int, Any]] = []
    for n in open_:
        t = people[n]
        limit = t.until if t.woken else until
        if limit is None or limit <= context.now:
            out[n] = late if t.woken or context.settings.get("within") else at_once
        else:
            staying.append((n, limit))
    looks = deciding.look_again([arm["when"] for arm in arms], context, [people[n] for n, _limit in staying])
    waits: dict[Any, Outcome] = {}
    for (n, limit), look in zip(staying, looks, strict=True):
        due = min(limit, look or limit)
        out[n] = waits.setdefault((limit, due), Outcome("wait", until=limit, due=due))
    return [o for o in out if o is not None]
