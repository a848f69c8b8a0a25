"""Conditions as functions of a person and the moment at which she stands.

What facts and ledgers tell is answered as of that moment: events, tags, consent, stage, fields, scores, interests,
other segments. What only the present knows (deals and other records, scores of companies) is asked of the audience
once, for all people together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from headwater.audience import rules as audience
from headwater.audience.compiler import parse
from headwater.audience.compiler.fields import Field
from headwater.audience.compiler.fields import field as field_named
from headwater.audience.compiler.leaves.field import FieldLeaf
from headwater.audience.compiler.leaves.score import ScoreLeaf
from headwater.audience.models import Segment

from ...rules import matching
from ...rules.matching import holds
from .. import deciding
from ..fields.conditions import ONE
from ..fields.messages import message_leaf
from ..graph import Version
from . import values
from .counting import event_test, times_of, within
from .past import History, history_of

if TYPE_CHECKING:
    from .person import Person, Way

Leaf = Mapping[str, Any]
Test = Callable[["Person", "Way"], bool]
ENDLESS = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass
class Builder:
    """Makes tests, and notes what they need to know."""

    version: Version
    #: What ended her last wait, (kind, data)
    waited: Callable[[Person, Way], tuple[str, Mapping[str, Any]] | None]
    counted: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    today: list[Leaf] = field(default_factory=list)
    #: Places in `today` of what time does not change: it is no less true of the past
    timeless: set[int] = field(default_factory=set)
    histories: dict[str, History] = field(default_factory=dict)
    scores: set[str] = field(default_factory=set)
    interests: set[str] = field(default_factory=set)
    consents: set[tuple[str, str]] = field(default_factory=set)
    #: key -> segment, of those that conditions name
    segments: dict[str, Segment | None] = field(default_factory=dict)
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
        if "event" in node:
            return self._event(node)
        if "tag" in node:
            self.states |= {"tag.added", "tag.removed"}
            return _tag(str(node["tag"]).strip())
        if "consent" in node:
            return self._consent(str(node["consent"]), str(node.get("topic") or ""), node.get("state", "granted"))
        if "segment" in node:
            return self._segment(node)
        if "field" in node:
            return self._field(node)
        if "score" in node and node.get("of", "person") == "person":
            return self._score(node)
        if "interest" in node:
            return self._interest(node)
        return self._today(node, timeless="random" in node)

    def _own(self, node: Leaf) -> Test:
        """What happened since she entered, or came to the step; or what she did with a message of this journey."""
        kind, where, since_arrival = deciding.as_event(node, self.version)
        if message := message_leaf(node):
            step = str(node[message])
            return lambda person, way: way.did(step, kind)
        if node["since"] in ONE:
            return self._one(node["since"] == "cause", kind, where)
        enough = matching.enough(node.get("count"))
        window = audience.span(node["within"]) if node.get("within") else None
        self.counted.add(kind)
        self.leaves += 1
        times = times_of(self.leaves, kind, lambda data: holds(where, data))

        def since(person: Person, way: Way) -> bool:
            start = way.moved_at if since_arrival else way.since
            if window:
                start = max(start, way.now - window)
            own = way.happened(kind, start, lambda data: holds(where, data))
            return enough(within(times(person), start, way.now) + own)

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
        self.counted.add(str(node["event"]))
        self.leaves += 1
        return event_test(self.leaves, node)

    def _consent(self, channel: str, topic: str, state: str) -> Test:
        self.counted.add("consent.changed")
        if (channel, topic) == ("email", ""):
            return lambda person, way: person.consent_at(way) == state
        self.consents.add((channel, topic))
        return lambda person, way: person.said_at(channel, topic, way.now) == state

    def _field(self, node: Leaf) -> Test:
        leaf = parse(dict(node))
        if not isinstance(leaf, FieldLeaf):
            return self._today(node)
        found = leaf.found
        if leaf.op == "held_for":
            return self._held(leaf)
        holds = values.truth(leaf)
        if holds is None:
            return self._today(node)
        history = self._history(found)
        if found.name == "contact.stage":
            return lambda person, way: holds(way.stage or history.at(person, way.now), way.now)
        return lambda person, way: holds(history.at(person, way.now), way.now)

    def _held(self, leaf: FieldLeaf) -> Test:
        """Since its last change, which may lie long before the time in question."""
        found = leaf.found
        holds = values.of_type(found.type, "has" if found.type == "choices" else "eq", leaf.equals)
        assert holds is not None
        if found.fold:
            holds = values.truth(replace(leaf, op="eq", value=leaf.equals)) or holds
        history, length = self._history(found), audience.span(leaf.value)
        self.counted |= history.kinds

        def held(person: Person, way: Way) -> bool:
            since = history.since(person, way.now)
            true = holds(history.at(person, way.now), way.now)
            return true and since is not None and since <= way.now - length

        return held

    def _history(self, found: Field) -> History:
        history = self.histories.setdefault(found.name, history_of(found))
        self.states |= history.kinds
        return history

    def past_of(self, name: str) -> None:
        """The past of a field is asked for otherwise than by a condition."""
        self._history(field_named(name))

    def _score(self, node: Leaf) -> Test:
        leaf = parse(dict(node))
        if not isinstance(leaf, ScoreLeaf):
            return self._today(node)
        model, band = leaf.model, leaf.band
        self.scores.add(model)
        if band:
            return lambda person, way: model in person.scores and person.scores[model].band(person.id, way.now) == band
        value = list(leaf.value) if isinstance(leaf.value, tuple) else leaf.value
        holds = matching.enough({"op": leaf.op, "value": value})
        return lambda person, way: model in person.scores and holds(person.scores[model].points(person.id, way.now))

    def _interest(self, node: Leaf) -> Test:
        topic, holds = (
            str(node["interest"]),
            matching.enough({"op": node.get("op", "gte"), "value": node.get("value", 1)}),
        )
        window = audience.span(node["within"]) if node.get("within") else None
        self.interests.add(topic)

        def interested(person: Person, way: Way) -> bool:
            past = person.interests.get(topic)
            if past is None or not holds(past.points(person.id, way.now)):
                return False
            last = past.last(person.id, way.now) if window else None
            return window is None or (last is not None and last > way.now - window)

        return interested

    def _segment(self, node: Leaf) -> Test:
        """By the facts of joining and leaving since it was made; before that, by its condition."""
        key = str(node["segment"])
        self.states |= {"segment.entered", "segment.left"}
        if key not in self.segments:
            self.segments[key] = None  # a segment leads never back to itself
            self.segments[key] = Segment.objects.filter(key=key).first()
        made = self.segments[key]
        present = self._today(node, timeless=True)
        before = self.test(made.definition) if made and made.definition else present
        since = made.created_at if made else ENDLESS

        def inside(person: Person, way: Way) -> bool:
            if way.now < since:
                return before(person, way)
            return person.in_segment_at(key, way.now, present(person, way))

        return inside

    def _today(self, node: Leaf, *, timeless: bool = False) -> Test:
        place = len(self.today)
        self.today.append(node)
        if timeless:
            self.timeless.add(place)
        return lambda person, way: place in person.today


def _all(parts: list[Test]) -> Test:
    return lambda person, way: all(part(person, way) for part in parts)


def _any(parts: list[Test]) -> Test:
    return lambda person, way: any(part(person, way) for part in parts)


def _tag(name: str) -> Test:
    return lambda person, way: person.tagged_at(name, way)
