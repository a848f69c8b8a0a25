"""What a graph needs to know of people to be held against the past: kinds of facts, leaves, dates, mails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from msgspec import json

from headwater.messaging.queries.prospects import Response

from ...rules import matching
from ..causes import answers, waits_of
from ..graph import Version
from . import asking
from .asking import Test
from .past import History

if TYPE_CHECKING:
    from .person import Person, Way

#: What is assumed of mails that were never sent: as often as people did before; nobody; everybody, links too
Opens = Literal["rates", "nobody", "everybody"]
CALENDAR = ("date", "schedule")


@dataclass
class Plan:
    """A version made ready to be walked in memory. `since` to `until`: the past that counts."""

    version: Version
    since: datetime
    until: datetime
    opens: Opens
    responses: Mapping[int, Response]
    #: Kinds of fact that let people in
    causes: frozenset[str] = frozenset()
    #: Kinds of fact that conditions count, from the beginning of time
    counted: frozenset[str] = frozenset()
    #: Kinds of fact that tell how things stood: only those of the time in question are needed
    states: frozenset[str] = frozenset()
    #: Kinds of fact that may end a wait, or the way
    heard: frozenset[str] = frozenset()
    #: Leaves that only the present can answer, as JSON: place -> leaf
    today: list[Mapping[str, Any]] = field(default_factory=list)
    #: Places in `today` of what time does not change
    timeless: frozenset[int] = frozenset()
    #: Fields whose past is asked for, by name; models of scores, topics of interest; (channel, topic) of consents
    histories: dict[str, History] = field(default_factory=dict)
    scores: frozenset[str] = frozenset()
    interests: frozenset[str] = frozenset()
    consents: frozenset[tuple[str, str]] = frozenset()
    templates: frozenset[int] = frozenset()
    dates: frozenset[str] = frozenset()
    default_zone: str = "UTC"
    tests: dict[int, Test] = field(default_factory=dict)

    @cached_property
    def waits(self) -> list[Any]:
        """Events for which its steps wait, with what people do with its mails."""
        return list(waits_of(self.version))

    @cached_property
    def waits_of_facts(self) -> list[Any]:
        """The same without the mails."""
        return list(waits_of(self.version, mails=False))

    def waited(self, person: Person, way: Way) -> tuple[str, Mapping[str, Any]] | None:
        """(kind, data) of the newest event since she came in that one of the waits asks for."""
        found: tuple[datetime, str, Mapping[str, Any]] | None = None
        kinds = {kind for kind, _where in self.waits_of_facts}
        for at, kind, text in reversed(person.facts):
            if at <= way.since:
                break
            if at <= way.now and kind in kinds and answers(self.waits_of_facts, kind, data := json.decode(text)):
                found = (at, kind, data)
                break
        for at, kind, own in way.events:
            if at <= way.now and (found is None or at > found[0]) and answers(self.waits, kind, own):
                found = (at, kind, own)
        return found[1:] if found else None

    def test(self, condition: Mapping[str, Any]) -> Test:
        """The condition as a function of (person, way)."""
        found = self.tests.get(id(condition))
        if found is None:
            raise KeyError(f"a condition that the plan did not see: {str(condition)[:200]}")
        return found


def plan_of(
    version: Version,
    since: datetime,
    until: datetime,
    *,
    opens: Opens,
    responses: Mapping[int, Response],
    default_zone: str,
) -> Plan:
    """Make a version ready. Looks at the graph only."""
    plan = Plan(version, since, until, opens, responses, default_zone=default_zone)
    build = asking.Builder(version, plan.waited)
    for condition in _conditions(version):
        plan.tests[id(condition)] = build.test(condition)
    plan.dates = _dates(version)
    for name in plan.dates:
        build.past_of(name)
    if any(node.kind.kind == "set_stage" for node in version.nodes.values()):
        build.past_of("contact.stage")
    rules = [*version.exits, *([version.goal] if version.goal else [])]
    ends = {kind for rule in rules if (kind := matching.fact_kind(rule))}
    plan.causes = frozenset(k for rule in version.entry if (k := matching.fact_kind(rule)))
    plan.today, plan.timeless = build.today, frozenset(build.timeless)
    channels = {(c, "") for n in version.nodes.values() for _, c, _ in n.kind.messages(n.settings) if c != "email"}
    plan.histories, plan.scores = build.histories, frozenset(build.scores)
    plan.consents = frozenset(build.consents) | channels
    plan.interests, plan.templates = frozenset(build.interests), templates_of(version)
    # Consent is told by its last change, however old that is.
    plan.counted = frozenset(build.counted | {"consent.changed"})
    if any(node.settings.get("best") for node in version.nodes.values()):
        plan.counted |= {"mail.opened", "mail.clicked"}
    if any(node.kind.sends == "best" for node in version.nodes.values()):
        plan.counted |= {"mail.sent", "mail.opened", "mail.clicked", "sms.sent", "sms.clicked", "sms.replied"}
        plan.counted |= {"push.sent", "push.clicked"}
    plan.states = frozenset(build.states | ends)
    plan.heard = frozenset(build.counted | build.states | ends)
    return plan


def _dates(version: Version) -> frozenset[str]:
    """Fields that hold a date which entries and waits ask for."""
    fields = {str(rule["field"]) for rule in version.entry if rule["kind"] == "date"}
    waits = (n.settings for n in version.nodes.values() if n.kind.kind == "wait_date")
    return frozenset(fields | {str(settings["field"]) for settings in waits if settings.get("by") == "field"})


def templates_of(version: Version) -> frozenset[int]:
    """The mails that a version sends."""
    nodes = version.nodes.values()
    return frozenset(int(pk) for n in nodes for _name, _channel, pk in n.kind.messages(n.settings))


def _conditions(version: Version) -> list[Mapping[str, Any]]:
    found = [watch.when for watch in version.watch]
    if version.only:
        found.append(version.only)
    for node in version.nodes.values():
        found += [arm["when"] for arm in node.settings.get("arms") or [] if isinstance(arm, Mapping) and "when" in arm]
        if isinstance(node.settings.get("until"), Mapping):
            found.append(node.settings["until"])
    return found
