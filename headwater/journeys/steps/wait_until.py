"""Wait until: something happens or holds, or the time is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from ..engine import deciding
from ..engine.base import Context, Outcome, Step, Traveller, step
from ..engine.fields import Condition, Duration, Text
from ..engine.graph import Node, Version
from ..rules import duration

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("wait_until", label=_("Wait until"), icon="timer", hue=90, group="time")
class WaitUntil(Step):
    waits = True
    fields = (
        Text("name", _("What she waits for"), required=False, longest=80),
        Condition("until", _("Until")),
        Duration("timeout", _("At most")),
    )

    ways = ({"id": "yes", "label": _("Yes")}, {"id": "timeout", "label": _("Time over")})

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        deciding.check(settings["until"], step_ids, "until")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(
            _("%(what)s, at most %(time)s")
            % {"what": settings.get("name") or _("Wait until"), "time": duration.text(settings.get("timeout") or {})}
        )

    @classmethod
    def hears(cls, node: Node, version: Version) -> frozenset[str] | None:
        return deciding.listens(node.settings["until"], version)

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        limit = context.now + duration.delta(context.settings["timeout"])
        return cls._look(context, people, [limit] * len(people))

    @classmethod
    def wake(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        return cls._look(context, people, [t.until or context.now for t in people])

    @classmethod
    def _look(cls, context: Context, people: Sequence[Traveller], limits: Sequence[Any]) -> list[Outcome]:
        condition = context.settings["until"]
        held = deciding.true_for(condition, context, people)
        staying = [n for n, limit in enumerate(limits) if n not in held and limit > context.now]
        looks = dict(zip(staying, deciding.look_again([condition], context, [people[n] for n in staying]), strict=True))
        yes, late = Outcome("next", "yes"), Outcome("next", "timeout", "timeout")
        waits: dict[Any, Outcome] = {}
        out = []
        for n, limit in enumerate(limits):
            if n not in looks:
                out.append(yes if n in held else late)
                continue
            due = min(limit, looks[n] or limit)
            out.append(waits.setdefault((limit, due), Outcome("wait", until=limit, due=due)))
        return out

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        if sight.holds(sight.settings["until"]):
            return Outcome("next", "yes")
        limit = sight.way.until if sight.woken else None
        if limit is not None and limit <= sight.now:
            return Outcome("next", "timeout", "timeout")
        return Outcome("wait", until=limit or sight.now + duration.delta(sight.settings["timeout"]))
