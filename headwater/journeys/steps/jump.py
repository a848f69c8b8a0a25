"""Jump: go on at any step of the journey, also an earlier one, so and so often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from ..engine.base import Context, Outcome, Step, Traveller, step
from ..engine.fields import Number, StepRef
from ..rules.duration import RuleError

if TYPE_CHECKING:
    from ..engine.foresight.walking import Sight


@step("jump", label=_("Go to step"), icon="corner-down-right", hue=300, group="ways")
class Jump(Step):
    fields = (
        StepRef("to", _("Step")),
        Number("most", _("At most so often"), default=3, least=1, most=50, help=_("Then the way goes on from here")),
    )
    names_step = "to"
    ways = ({"id": "done", "label": _("After {most} times")},)

    @classmethod
    def jumps(cls, settings: Mapping[str, Any]) -> Mapping[str, str]:
        return {"again": settings["to"]} if isinstance(settings.get("to"), str) else {}

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if settings["to"] not in step_ids:
            raise RuleError(_("Choose a step."), "to")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(_("Go to “%(step)s”") % {"step": settings.get("to") or ""})

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        # How often she jumped stands in her log; the jumps of this transaction, not yet written, she carries with her.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT l.person_id, l.passage_id, count(*) "
                "FROM unnest(%s::bigint[], %s::bigint[]) AS v(person_id, id) "
                "JOIN journeys_passagelog l ON l.person_id = v.person_id AND l.passage_id = v.id "
                "WHERE l.person_id = ANY(%s::bigint[]) AND l.step = %s AND l.outcome = 'again' GROUP BY 1, 2",
                [
                    [t.person_id for t in people],
                    [t.id for t in people],
                    [t.person_id for t in people],
                    context.node.id,
                ],
            )
            jumped = {(person, pk): n for person, pk, n in cursor.fetchall()}
        most = int(context.settings["most"])
        again, done = Outcome("next", "again"), Outcome("next", "done")
        out = []
        for t in people:
            now = (t.jumps or {}).get(context.node.id, 0)
            n = jumped.get((t.person_id, t.id), 0) + now
            if n < most:
                t.jumps = {**(t.jumps or {}), context.node.id: now + 1}
            out.append(again if n < most else done)
        return out

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        done = sight.way.jumps.get(sight.node.id, 0)
        if done >= int(sight.settings["most"]):
            return Outcome("next", "done")
        sight.way.jumps[sight.node.id] = done + 1
        return Outcome("next", "again")
