"""One person's entries into a journey that never ran, and her way through it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import json

from ...rules import matching
from ...rules.duration import delta
from ..base import Outcome
from ..graph import Node
from . import asking
from .entering import entries_of
from .person import Person, Way
from .plan import Plan
from .sight import Sight, respond
from .tally import Tally
from .world import People

#: Steps of one way; whoever takes more goes round in circles
MOST_STEPS = 500
#: What has no rule let her in
BY_HAND = "manual"


def live_through(people: People, person: Person, tally: Tally) -> None:
    """Let one person enter as often as the rules allow, and walk each time as far as she would have come."""
    plan = people.plan
    rule, after = plan.version.reentry.get("rule", "when_finished"), plan.version.reentry.get("after")
    pause = delta(after) if after else None
    last: datetime | None = None
    free: datetime | None = None
    number = 0
    start = plan.version.start
    if start is None or (rule == "once" and person.before):
        return
    for at, n, data in entries_of(plan, person):
        if last is not None and rule == "once":
            break
        if last is not None and rule == "when_finished" and (free is None or at < free):
            continue
        if last is not None and pause is not None and at - last < pause:
            continue
        way = Way(at, at, at, start, at, data, number, kind_of(plan, n))
        if plan.version.only and not plan.test(plan.version.only)(person, way):
            continue
        number += 1
        last = at
        tally.entered(person.id, n, at)
        free = _Walk(people, person, way, tally).go()
    if number:
        tally.totals["people"] += 1


class _Walk:
    """One way from its entry to its end, or to the end of the time in question."""

    def __init__(self, people: People, person: Person, way: Way, tally: Tally) -> None:
        self.people, self.plan, self.person, self.way, self.tally = people, people.plan, person, way, tally
        self.sight = Sight(people.plan, people.plan.version.nodes[way.step], person, way, people)
        self.told = 0
        self.place = bisect_right(person.facts, way.since, key=lambda fact: fact[0])

    def go(self) -> datetime | None:
        """Returns when it ended; None: she is still inside."""
        way, nodes = self.way, self.plan.version.nodes
        if ended := self._watched():
            self.tally.step(way.step, "entered", self.person.id)
            return self._leave(*ended)
        while True:
            node = nodes[way.step]
            self.tally.step(node.id, "entered", self.person.id)
            outcome = self._run(node)
            if outcome is None:
                return None if way.now >= self.plan.until else way.now
            self._count(node, outcome)
            target = None if outcome.what == "end" else node.targets.get(outcome.arm)
            way.hops += 1
            if (ended := self._fresh()) is not None:
                return self._end(*ended)
            if target is None or way.hops >= MOST_STEPS:
                how = ("finished", "end") if target is None else ("exited", "loop")
                return self._end(*how)
            way.step, way.moved_at, way.woken, way.until, way.held = target, way.now, False, None, False

    def _run(self, node: Node) -> Outcome | None:
        """What the step does with her, waits included. None: the way ended in it, or the time is over."""
        way, sight = self.way, self.sight
        sight.node = node
        outcome = node.kind.foresee(sight)
        while outcome.what == "wait":
            way.until = outcome.until
            limit = outcome.until or asking.ENDLESS
            for at, kind, data in self._until(min(limit, self.plan.until)):
                way.now = at
                if (ended := self._ending(kind, data)) is not None:
                    self._leave(*ended)
                    return None
                if self._hears(node, kind):
                    way.woken = True
                    answer = node.kind.foresee(sight)
                    if answer.what != "wait":
                        return answer
            if limit > self.plan.until:
                self.tally.step(node.id, "waiting", self.person.id)
                self.tally.ended(self.person.id, "inside", None)
                way.now = self.plan.until
                return None
            way.now, way.woken = limit, True
            if (ended := self._watched()) is not None:
                self._leave(*ended)
                return None
            outcome = node.kind.foresee(sight)
        return outcome

    def _hears(self, node: Node, kind: str) -> bool:
        heard = self.plan.version.hears.get(node.id, frozenset())
        return heard is None or kind in heard

    def _until(self, limit: datetime) -> Iterator[tuple[datetime, str, Any]]:
        """What happened with her from now to then: facts of the past, and those the journey itself led to."""
        facts, heard = self.person.facts, self.plan.heard
        while True:
            while self.place < len(facts) and (
                facts[self.place][0] <= self.way.now or facts[self.place][1] not in heard
            ):
                self.place += 1
            real = facts[self.place] if self.place < len(facts) and facts[self.place][0] <= limit else None
            own = self.way.events[self.told] if self.told < len(self.way.events) else None
            if own is not None and own[0] <= limit and (real is None or own[0] <= real[0]):
                self.told += 1
                yield own[0], own[1], own[2]
            elif real is not None:
                self.place += 1
                yield real[0], real[1], real[2]
            else:
                return

    def _ending(self, kind: str, data: Any) -> tuple[str, str] | None:
        """(state, why) where this is the goal or an exit, or makes such a condition true."""
        version = self.plan.version
        rules = [("finished", "goal", version.goal)] if version.goal else []
        rules += [("exited", f"exit:{kind}", rule) for rule in version.exits]
        for state, why, rule in rules:
            if matching.fact_kind(rule) == kind:
                said = json.decode(data) if isinstance(data, str) else data
                if matching.matches(rule, kind, said):
                    return state, why
        return self._watched()

    def _watched(self) -> tuple[str, str] | None:
        for watch in self.plan.version.watch:
            if self.plan.test(watch.when)(self.person, self.way):
                return watch.state, watch.why
        return None

    def _fresh(self) -> tuple[str, str] | None:
        """What the step itself has just led to may be the goal."""
        while self.told < len(self.way.events) and self.way.events[self.told][0] <= self.way.now:
            _at, kind, data = self.way.events[self.told]
            self.told += 1
            if (ended := self._ending(kind, data)) is not None:
                return ended
        return None

    def _count(self, node: Node, outcome: Outcome) -> None:
        person = self.person.id
        self.tally.step(node.id, "done", person)
        if outcome.what != "end" and len(node.targets) > 1:
            self.tally.step(node.id, f"arm:{outcome.arm}", person)
        if outcome.reason.startswith("refused:"):
            self.tally.step(node.id, outcome.reason[:60], person)
        if self.way.held:
            self.tally.step(node.id, "held", person)
        mail = self.way.mails[-1] if self.way.mails else None
        if mail is not None and mail.step == node.id and mail.at == self.way.now:
            for what, at in (("opened", mail.opened), ("clicked", mail.clicked)):
                if at is not None and at <= self.plan.until:
                    self.tally.step(node.id, what, person)

    def _leave(self, state: str, why: str) -> datetime:
        self.tally.step(self.way.step, "left", self.person.id)
        return self._end(state, why)

    def _end(self, state: str, why: str) -> datetime:
        seconds = (self.way.now - self.way.entered).total_seconds()
        how = "goal" if why == "goal" else "finished" if state == "finished" else f"exit:{why.removeprefix('exit:')}"
        self.tally.ended(self.person.id, how, seconds)
        return self.way.now


def kind_of(plan: Plan, rule: int) -> str:
    """The kind of what let her in by a rule, as a passage keeps it."""
    if rule < 0:
        return BY_HAND
    said = plan.version.entry[rule]
    return matching.fact_kind(said) or str(said["kind"])


__all__ = ["Sight", "entries_of", "live_through", "respond"]
