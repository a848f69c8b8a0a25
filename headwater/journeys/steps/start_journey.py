"""Start another journey for the person; wait for its end, if asked to.

The step records a fact, and the reaction of this package lets her in: so one transaction walks one journey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from headwater.timeline.actions import NewFact, record_many
from headwater.timeline.queries import unheard

from ..engine.base import GO, Context, Outcome, Step, Traveller, step
from ..engine.fields import Boolean, Duration, Reference
from ..engine.graph import Node, Version
from ..facts import JourneyCalled
from ..models import OPEN
from ..rules import duration
from ..rules.duration import RuleError
from ._amounts import causes_of

#: Journeys that call one another come to an end here
DEEPEST = 10
#: Whoever has not come into the called journey after so many seconds, although the call was heard, was not let in
PATIENCE = 60


@step("start_journey", label=_("Start journey"), icon="workflow", hue=265, group="journey")
class StartJourney(Step):
    waits = True
    fields = (
        Reference("journey", _("Journey"), widget="journey", source="journeys"),
        Boolean("wait", _("Wait until she is through"), required=False, default=False),
        Duration("timeout", _("At most"), required=False, shown=("wait", (True,))),
    )
    ways = ({"id": "next", "label": ""}, {"id": "timeout", "label": _("Time over"), "if": "wait"})

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        if settings.get("wait") and not settings.get("timeout"):
            raise RuleError(_("Say how long at most."), "timeout")

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        words = str(_("Start journey and wait") if settings.get("wait") else _("Start journey"))
        return f"{words}: {settings['called']}" if settings.get("called") else words

    @classmethod
    def hears(cls, node: Node, version: Version) -> frozenset[str] | None:
        return frozenset(("journey.finished", "journey.exited")) if node.settings.get("wait") else frozenset()

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        settings = context.settings
        depths = {key: int(depth or 0) + 1 for key, depth in causes_of("depth", people).items()}
        calling = [t for t in people if depths.get((t.person_id, t.id), 1) <= DEEPEST]
        record_many(
            [
                NewFact(
                    t.person_id,
                    JourneyCalled(
                        journey=settings["journey"],
                        what="start",
                        key=context.key(t),
                        by=context.version.journey_id,
                        depth=depths.get((t.person_id, t.id), 1),
                    ),
                    context.now,
                    actor=context.actor,
                )
                for t in calling
            ]
        )
        called = {(t.person_id, t.id) for t in calling}
        until = context.now + duration.delta(settings["timeout"]) if settings.get("wait") else None
        return [_outcome(until, context, (t.person_id, t.id) in called) for t in people]

    @classmethod
    def wake(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        states = _states(context, people)
        long = [t for t in people if _waited_long(context, t) and (t.person_id, t.id) not in states]
        calls = {
            _call(str(f.data["key"])) for f in unheard("journeys", [JourneyCalled.kind], {t.person_id for t in long})
        }
        out = []
        for t in people:
            state = states.get((t.person_id, t.id))
            limit = t.until or context.now
            if state is not None and state not in OPEN:
                out.append(Outcome("next", reason=state))
            elif limit <= context.now:
                out.append(Outcome("next", "timeout", "timeout"))
            elif state is None and _waited_long(context, t) and _call(context.key(t)) not in calls:
                out.append(Outcome("next", reason="refused:not_let_in"))
            else:
                due = limit if state else min(limit, _next_look(context, t))
                out.append(Outcome("wait", until=limit, due=due))
        return out


def _call(key: str) -> str:
    """A key without the person: she may have been merged since she called. Passages keep their ids."""
    return key[:100].partition(".")[2]


def _waited_long(context: Context, t: Traveller) -> bool:
    return (context.now - t.moved_at).total_seconds() >= PATIENCE


def _next_look(context: Context, t: Traveller) -> datetime:
    """When her patience ends; where it has, and the call waits in a backlog, a while later."""
    start = context.now if _waited_long(context, t) else t.moved_at
    return start + duration.seconds(PATIENCE)


def _outcome(until: Any, context: Context, called: bool) -> Outcome:
    if not called:
        return Outcome("next", reason="refused:too_deep")
    if until is None:
        return GO
    return Outcome("wait", until=until, due=min(until, context.now + duration.seconds(PATIENCE)))


def _states(context: Context, people: Sequence[Traveller]) -> dict[tuple[int, int], str]:
    """The states of the passages that were called for, of those that there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.person_id, v.id, p.state FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) "
            "AS v(person_id, id, key) JOIN journeys_passage p ON p.person_id = v.person_id AND p.journey_id = %s "
            "AND p.entry_key LIKE 'journey:%%' AND substr(p.entry_key, strpos(p.entry_key, '.') + 1) = v.key "
            "WHERE p.person_id = ANY(%s::bigint[])",
            [
                [t.person_id for t in people],
                [t.id for t in people],
                [_call(context.key(t)) for t in people],
                context.settings["journey"],
                [t.person_id for t in people],
            ],
        )
        return {(person, pk): state for person, pk, state in cursor.fetchall()}
