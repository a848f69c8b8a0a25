"""Conditions as functions of a person and the moment at which she stands.

What facts tell is answered as of that moment: events, tags, consent, stage, other segments. What only the present
knows (fields, scores, interests, company, deals) is asked of the audience once, for all people together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from headwater.audience import rules as audience

from ...rules import matching
from ...rules.matching import holds
from .. import deciding
from ..fields.conditions import ONE
from ..graph import Version

if TYPE_CHECKING:
    from .world import Person, Way

Leaf = Mapping[str, Any]
Test = Callable[["Person", "Way"], bool]
Times = Callable[[Mapping[str, Any]], bool]
ENDLESS = datetime(9999, 1, 1, tzinfo=UTC)
#: Keys of an event's leaf that are answered here
EVENT_KEYS = {"event", "where", "count", "within"}


@dataclass
class Builder:
    """Makes tests, and notes what they need to know."""

    version: Version
    #: What ended her last wait, (kind, data)
    waited: Callable[[Person, Way], tuple[str, Mapping[str, Any]] | None]
    counted: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    today: list[Leaf] = field(default_factory=list)
    leaves: int = 0

    def test(self, node: Leaf) -> Test:
        if "not" in node:
            inner = self.test(node["not"])
            return lambda person, way: not inner(person, way)
        if "all" in node or "any" in node:
            parts = [self.test(child) for child in (node["all"] if "all" in node else node["any"])]
            return _all(parts) if "all" in node else _any(parts)
        if deciding.own(node):
            return self._own(node)
        if "event" in node and set(node) <= EVENT_KEYS:
            return self._event(node)
        if "tag" in node:
            self.states |= {"tag.added", "tag.removed"}
            return _tag(str(node["tag"]).strip())
        if node.get("consent") == "email" and not node.get("topic"):
            state = node.get("state", "granted")
            return lambda person, way: person.consent_at(way) == state
        if node.get("field") == "contact.stage" and node.get("op") in ("eq", "in", "ne"):
            return self._stage(node)
        if "segment" in node:
            return self._segment(node)
        return self._today(node)

    def _own(self, node: Leaf) -> Test:
        """What happened since she entered, or came to the step; or what she did with a mail of this journey."""
        kind, where, since_arrival = deciding.as_event(node, self.version)
        if "mail" in node:
            step = str(node["mail"])
            return lambda person, way: way.did(step, kind)
        if node["since"] in ONE:
            return self._one(node["since"] == "cause", kind, where)
        enough = matching.enough(node.get("count"))
        window = audience.span(node["within"]) if node.get("within") else None
        self.counted.add(kind)
        self.leaves += 1
        times = _times(self.leaves, kind, lambda data: holds(where, data))

        def since(person: Person, way: Way) -> bool:
            start = way.moved_at if since_arrival else way.since
            if window:
                start = max(start, way.now - window)
            own = way.happened(kind, start, lambda data: holds(where, data))
            return enough(_within(times(person), start, way.now) + own)

        return since

    def _one(self, cause: bool, kind: str, where: list[Mapping[str, Any]]) -> Test:
        """The event that let her in, or that she waited for."""
        if cause:
            return lambda person, way: way.cause_kind == kind and holds(where, way.cause)
        waited = self.waited

        def the_one(person: Person, way: Way) -> bool:
            found = waited(person, way)
            return found is not None and found[0] == kind and holds(where, found[1])

        return the_one

    def _event(self, node: Leaf) -> Test:
        kind, where = str(node["event"]), audience.where_test(node.get("where") or [])
        self.counted.add(kind)
        self.leaves += 1
        times = _times(self.leaves, kind, where)
        enough = matching.enough(node.get("count"))
        window = audience.span(node["within"]) if node.get("within") else None

        def many(person: Person, way: Way) -> bool:
            start = way.now - window if window else None
            n = _within(times(person), start, way.now) + way.happened(kind, start, where)
            return enough(n)

        return many

    def _stage(self, node: Leaf) -> Test:
        self.states.add("stage.changed")
        value = node.get("value")
        wanted = set(value) if isinstance(value, list) else {value}
        if node["op"] == "ne":
            return lambda person, way: person.stage_at(way) not in wanted
        return lambda person, way: person.stage_at(way) in wanted

    def _segment(self, node: Leaf) -> Test:
        self.states |= {"segment.entered", "segment.left"}
        key = str(node["segment"])
        present = self._today(node)
        return lambda person, way: person.in_segment_at(key, way.now, present(person, way))

    def _today(self, node: Leaf) -> Test:
        place = len(self.today)
        self.today.append(node)
        return lambda person, way: place in person.today


def _all(parts: list[Test]) -> Test:
    return lambda person, way: all(part(person, way) for part in parts)


def _any(parts: list[Test]) -> Test:
    return lambda person, way: any(part(person, way) for part in parts)


def _tag(name: str) -> Test:
    return lambda person, way: person.tagged_at(name, way)


def _times(leaf: int, kind: str, matches: Times) -> Callable[[Person], list[datetime]]:
    """When such facts happened with a person, sorted; worked out once for each person."""

    def times(person: Person) -> list[datetime]:
        found = person.memo.get(leaf)
        if found is None:
            found = person.memo[leaf] = [at for at, data in person.of_kind(kind) if matches(data())]
        return found

    return times


def _within(times: list[datetime], start: datetime | None, end: datetime) -> int:
    """How many lie in (start, end]."""
    return bisect_right(times, end) - (bisect_right(times, start) if start is not None else 0)
