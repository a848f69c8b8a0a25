"""Where the goal or an exit would end the way of one person who is tried."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from headwater.audience.compiler import Scope, parse, statement
from headwater.core import clock

from ...engine import deciding
from ...engine.base import Context, Traveller
from ...engine.graph import Version, Watch
from ...rules import matching
from ..inside import ending
from ..words import said

End = dict[str, str]
#: How exactly the moment is found at which a condition comes true that also asks what happened on the way
FINE = timedelta(minutes=1)
#: Turns that are followed in one wait
MOST_TURNS = 200


class Ends:
    """The goal and the exits of a version, asked as time passes for a person in it."""

    def __init__(self, version: Version, t: Traveller) -> None:
        self.version, self.t = version, t
        self.rules: list[tuple[str, str, Mapping[str, Any]]] = (
            [("!goal", "finished", version.goal)] if version.goal else []
        )
        self.rules += [(f"!exit.{n}", "exited", rule) for n, rule in enumerate(version.exits)]
        self.heard_to = t.since

    def choices(self) -> list[dict[str, str]]:
        """What might end her way, to be chosen."""
        return [
            {"id": key, "state": state, "label": said(rule, steps=self.version.graph["steps"])}
            for key, state, rule in self.rules
        ]

    def chosen(self, key: str) -> End | None:
        """The end that was chosen."""
        return next((self._end(state, rule) for its, state, rule in self.rules if its == key), None)

    def now(self, now: datetime) -> End | None:
        """The condition that holds at that moment."""
        for watch in self.version.watch:
            if self._holds(watch, now):
                return self._watched(watch)
        return None

    def heard(self, now: datetime) -> End | None:
        """The goal or exit that happened since the last question; then a condition that holds."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT kind, data::text FROM timeline_fact WHERE person_id = %s AND at > %s AND at <= %s "
                "AND kind = ANY(%s::text[]) ORDER BY at, id",
                [self.t.person_id, self.heard_to, now, sorted(self.version.ended_by)],
            )
            facts = [(kind, json.loads(data)) for kind, data in cursor.fetchall()]
        # Several steps may be taken in one instant: what was heard in it is heard again, and still ends nothing.
        self.heard_to = now - timedelta(microseconds=1)
        for kind, data in facts:
            for _key, state, rule in self.rules:
                if matching.matches(rule, kind, data):
                    return self._end(state, rule)
        return self.now(now)

    def turning(self, start: datetime, end: datetime) -> tuple[datetime, End] | None:
        """The first moment after `start` and before `end` at which time alone makes a condition true."""
        found = [
            (at, self._watched(watch))
            for watch in self.version.watch
            if deciding.needs_recheck(watch.when) and (at := self._turns(watch, start, end)) is not None
        ]
        return min(found, key=lambda one: one[0], default=None)

    def _turns(self, watch: Watch, start: datetime, end: datetime) -> datetime | None:
        if deciding.has_own(watch.when):
            return self._searched(watch, start, end)
        said = statement(parse(dict(watch.when)), scope=Scope(ids=[self.t.person_id]))
        now = start
        for _n in range(MOST_TURNS):
            with clock.freeze(now), connection.cursor() as cursor:
                cursor.execute(f"SELECT {said.inside}, {said.turns} FROM {said.source}", said.params(now))
                inside, turns = cursor.fetchone() or (False, None)
            if inside:
                return now
            if turns is None or turns >= end:
                return None
            now = max(turns, now + timedelta(microseconds=1))
        return None

    def _searched(self, watch: Watch, start: datetime, end: datetime) -> datetime | None:
        """Halving the time, where it holds at its end."""
        if not self._holds(watch, end):
            return None
        while end - start > FINE:
            middle = start + (end - start) / 2
            start, end = (start, middle) if self._holds(watch, middle) else (middle, end)
        return end

    def _holds(self, watch: Watch, now: datetime) -> bool:
        node = self.version.nodes.get(self.t.step) or next(iter(self.version.nodes.values()))
        with clock.freeze(now):
            return bool(deciding.true_for(watch.when, Context(self.version, node, now), [self.t]))

    def _watched(self, watch: Watch) -> End:
        rule = next(r for _key, _state, r in self.rules if r.get("when") == watch.when)
        return self._end(watch.state, rule)

    def _end(self, state: str, rule: Mapping[str, Any]) -> End:
        why = "goal" if state == "finished" else f"exit:{matching.fact_kind(rule) or 'condition'}"
        return {
            "state": state,
            "why": why,
            "label": ending(state, why),
            "words": said(rule, steps=self.version.graph["steps"]),
        }
