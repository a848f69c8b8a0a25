"""What a step is. Each kind lives in a file of `steps/` and registers itself with `@step`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from django.utils.translation import gettext_lazy as _

from headwater.core import actors

from .fields.messages import MESSAGES, Message

if TYPE_CHECKING:
    from .fields import Field
    from .foresight.walking import Sight
    from .graph import Node, Version


class Trail:
    """The steps that people took in one transaction, from the first to this one. Those who went the same way share
    it, so that a step costs one object for all of them, and their log one text."""

    __slots__ = ("before", "length", "outcome", "reason", "step")

    def __init__(self, before: Trail | None, step: str, outcome: str, reason: str) -> None:
        self.before, self.step, self.outcome, self.reason = before, step, outcome, reason
        self.length: int = before.length + 1 if before else 1

    def stops(self) -> list[Trail]:
        """From the first step to the last."""
        out: list[Trail] = []
        at: Trail | None = self
        while at is not None:
            out.append(at)
            at = at.before
        return out[::-1]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a new passage has beside what every passage has: its rows are not written before she has gone on."""

    entry_key: str
    #: As JSON
    why: str


@dataclass(slots=True, eq=False)
class Traveller:
    """A passage as the engine carries it in memory."""

    person_id: int
    id: int
    journey_id: int
    version_id: int
    step: str
    since: datetime
    moved_at: datetime
    state: str = "active"
    hops: int = 0
    until: datetime | None = None
    due_at: datetime | None = None
    tries: int = 0
    outcome: str = ""
    ended_at: datetime | None = None
    #: She has waited in her step and may go on, rather than having just arrived
    woken: bool = False
    #: Her row in Due as the database has it (None: there is none, or it has been claimed)
    stored_due: datetime | None = None
    #: Jumps taken in this transaction, by step
    jumps: dict[str, int] | None = None
    #: The steps taken in this transaction; the number of the first, and when she had come to it
    trail: Trail | None = None
    first_hop: int = 0
    came_at: datetime | None = None
    #: A passage that the database does not have yet
    arrival: Arrival | None = None
    #: Her batch knows her
    touched: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one person in a step.

    next: she goes on along `arm`. wait: she stays until `until` (None: until an event) and is looked at again at
    `due`, if given, or at `until`. end: she leaves the journey here, as planned. failed: try again later.
    """

    what: Literal["next", "wait", "end", "failed"]
    arm: str = "next"
    reason: str = ""
    until: datetime | None = None
    due: datetime | None = None


#: She goes on, and there is nothing to say about it
GO = Outcome("next")


@dataclass(frozen=True, slots=True)
class Context:
    """What a step's `run` knows beside its people: one node of one version of one journey."""

    version: Version
    node: Node
    now: datetime

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.node.settings

    @property
    def actor(self) -> str:
        return actors.journey(self.version.journey_id)

    def key(self, traveller: Traveller) -> str:
        """What makes an effect of this step on this passage happen once: `journey:PASSAGE:STEP`, PASSAGE being the
        person's id and the passage's, with the hop where the step is passed more than once."""
        return f"journey:{traveller.person_id}.{traveller.id}:{self.node.id}" + (
            f":{traveller.hops}" if self.version.has_loops else ""
        )


class Step:
    """Base of all kinds of step: class attributes and class methods only, nothing is instantiated."""

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    icon: ClassVar[str] = "zap"
    hue: ClassVar[int] = 265
    #: What people may set, in the order of the form
    fields: ClassVar[Sequence[Field]] = ()
    #: Where the editor lists it: one of GROUPS
    group: ClassVar[str] = "ways"
    #: Steps at which people stay for a while
    waits: ClassVar[bool] = False
    #: `run_all` does the work of several such steps with the statements of one
    together: ClassVar[bool] = False
    #: The ways out, as data, so that the editor knows them too. Each is {"id", "label"}, with "if": SETTING where it is
    #: there only when that setting is, "label_from": SETTING where a setting may name it (and {SETTING} in a label is
    #: filled in; without the setting the label is empty); or {"each": SETTING}: one for each item of a list
    ways: ClassVar[Sequence[Mapping[str, Any]]] = ({"id": "next", "label": ""},)

    #: What it sends, if it does: a message's channel, and the first part of the kinds of its facts ("mail.clicked")
    sends: ClassVar[str] = ""
    told_as: ClassVar[str] = ""
    #: What conditions may ask about what it sends, and what the editor calls them (engine/fields/messages.py)
    asks: ClassVar[Mapping[str, tuple[Any, Any]]] = {}
    asked_as: ClassVar[Any] = ""

    #: A setting that holds another step's id: its words have that step's name
    names_step: ClassVar[str] = ""

    @classmethod
    def messages(cls, settings: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
        """What it sends with these settings: (the setting, the channel, the template's id)."""
        return [("template", cls.sends, settings.get("template"))] if cls.sends else []

    @classmethod
    def run(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        """These people came to the step. Does what it is for, for all of them, in a constant number of statements,
        in the caller's transaction. Returns an outcome for each, in order; people with the same outcome share the
        object where they can, for they go on together."""
        raise NotImplementedError

    @classmethod
    def run_all(cls, groups: Sequence[tuple[Context, Sequence[Traveller]]]) -> list[Sequence[Outcome]]:
        """`run` (and `wake`) for people in several steps of this kind, also of several journeys, at once: for kinds
        that are `together`."""
        return [cls.run(context, people) for context, people in groups]

    @classmethod
    def wake(cls, context: Context, people: Sequence[Traveller]) -> Sequence[Outcome]:
        """These people waited in the step; their time has come or something that it listens to has happened."""
        return [GO] * len(people)

    @classmethod
    def foresee(cls, sight: Sight) -> Outcome:
        """What would become of one person who stands here at `sight.now`, without anything being done: for journeys
        that are held against the past (`engine/foresight`). Called again, `sight.woken`, when her wait is over or
        something that the step hears has happened. A step that only does something says GO."""
        return GO

    @classmethod
    def hears(cls, node: Node, version: Version) -> frozenset[str] | None:
        """The kinds of fact that may end the waiting in this step (None: any)."""
        return frozenset()

    @classmethod
    def arms(cls, settings: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The ways out, (id, label), in order, as `ways` says."""
        out: list[tuple[str, str]] = []
        for way in cls.ways:
            if "each" in way:
                items = settings.get(way["each"]) or []
                out += [
                    (i["id"], str(i.get("label") or i["id"])) for i in items if isinstance(i, Mapping) and "id" in i
                ]
            elif "if" not in way or (settings.get(way["if"]) not in EMPTY and settings[way["if"]] is not False):
                chosen = settings.get(way.get("label_from", ""))
                out.append((way["id"], str(chosen) if chosen else _filled(str(way["label"]), settings)))
        return [(way_id, label or str(_("Goes on"))) for way_id, label in out] if len(out) > 1 else out

    @classmethod
    def jumps(cls, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Ways that lead to any step of the journey, also back: arm -> step."""
        return {}

    @classmethod
    def check(cls, settings: Mapping[str, Any], step_ids: Mapping[str, Any]) -> None:
        """Checks beyond those of each field. Raises RuleError."""

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        """The step in a few words, for its box in the picture."""
        return str(cls.label)


EMPTY: tuple[Any, ...] = (None, "", [], {})


def _filled(label: str, settings: Mapping[str, Any]) -> str:
    """A label with the settings that it names."""
    for name in _NAMES.findall(label):
        value = settings.get(name)
        if value in EMPTY:
            return ""
        label = label.replace(f"{{{name}}}", f"{value:,}" if isinstance(value, (int, float)) else str(value))
    return label


_NAMES = re.compile(r"\{(\w+)\}")

#: Groups of kinds of step, in the editor's order
GROUPS: dict[str, Any] = {
    "message": _("Messages"),
    "time": _("Waiting"),
    "ways": _("Ways"),
    "person": _("The person"),
    "work": _("Sales and colleagues"),
    "journey": _("Journeys"),
}

S = TypeVar("S", bound=type[Step])
STEPS: dict[str, type[Step]] = {}


def step(kind: str, *, label: Any, icon: str, hue: int, group: str) -> Callable[[S], S]:
    """Register a kind of step."""

    def wrap(cls: S) -> S:
        known = STEPS.get(kind)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise ValueError(f"step kind {kind!r} is registered twice")
        cls.kind, cls.label, cls.icon, cls.hue, cls.group = kind, label, icon, hue, group
        STEPS[kind] = cls
        if cls.asks:
            MESSAGES[cls.told_as] = Message(cls.sends, cls.asked_as, icon, cls.asks)
        return cls

    return wrap


def messages_of(step: Any) -> list[tuple[str, str, int]]:
    """What a graph's step sends: (the setting, the channel, the template's id), as far as it is chosen."""
    kind = sending(step)
    found = kind.messages(step.get("settings") or {}) if kind else []
    return [(name, channel, pk) for name, channel, pk in found if type(pk) is int and 0 < pk < 2**63]


def sending(step: Any) -> type[Step] | None:
    """The kind of a graph's step that sends a message; None where it is of another kind."""
    kind = STEPS.get(step.get("kind", "")) if isinstance(step, Mapping) else None
    return kind if kind is not None and kind.sends else None


def each(people: Iterable[Traveller], outcome_of: Callable[[Traveller], Outcome]) -> list[Outcome]:
    """An outcome for each person."""
    return [outcome_of(t) for t in people]


__all__ = ["GO", "STEPS", "Context", "Outcome", "Step", "Traveller", "each", "field", "messages_of", "sending", "step"]
