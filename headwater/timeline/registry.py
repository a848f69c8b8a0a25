"""Who reads the log. Packages register a reaction in their `reactions.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Event:
    """A fact as a reaction hears it."""

    lane_key: int
    seq: int
    person_id: int
    at: datetime
    id: UUID
    kind: str
    data: dict[str, Any]
    actor: str
    recorded_at: datetime


Reaction = Callable[[Sequence[Event]], None]


@dataclass(frozen=True)
class Consumer:
    name: str
    hears: frozenset[str] | None  # None: every kind
    react: Reaction = field(compare=False)
    order: int = 100
    #: Kinds that this consumer never hears, when it hears everything else
    deaf_to: frozenset[str] = frozenset()
    #: What a replay calls; None: hearing old facts again would do harm, so it cannot be replayed
    replay: Reaction | None = field(default=None, compare=False)

    def wants(self, kind: str) -> bool:
        return kind not in self.deaf_to if self.hears is None else kind in self.hears


_consumers: dict[str, Consumer] = {}


def reaction(
    name: str,
    *,
    hears: Sequence[str] | None,
    order: int,
    deaf_to: Sequence[str] = (),
    replay: bool | Reaction = False,
) -> Callable[[Reaction], Reaction]:
    """Register the one reaction of a package: `name` is its consumer, `hears` the kinds (None: all).

    The function gets a batch of Events (any people, each person's in order) inside a transaction that holds the
    lanes of those people. Whatever it writes commits together with the position, so it sees each fact once. It
    runs a constant number of statements for the batch. `order`: lower ones run first within a pass.

    `replay`: True where hearing a fact again, long after it happened and perhaps for the second time, leaves what
    hearing it once in time would have left (docs/adr/0005-replay.md); a function to call instead where only a part of
    the reaction is so. Without it the consumer cannot be replayed.
    """

    def wrap(function: Reaction) -> Reaction:
        known = _consumers.get(name)
        if known is not None and known.react.__module__ != function.__module__:
            raise ValueError(f"consumer {name!r} is registered twice")
        kinds = None if hears is None else frozenset(hears)
        again = function if replay is True else (replay or None)
        _consumers[name] = Consumer(name, kinds, function, order, frozenset(deaf_to), again)
        return function

    return wrap


def consumers() -> dict[str, Consumer]:
    """Consumers by name, in their order."""
    return dict(sorted(_consumers.items(), key=lambda item: (item[1].order, item[0])))
