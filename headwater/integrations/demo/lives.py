"""One person's believable life with the demo company, as plain data: what she did, what was sent, what sales did.

Pure and deterministic: the same random generator and the same `now` give the same lives.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from . import world

Rules = Mapping[str, Sequence[tuple[Callable[[Mapping[str, Any]], bool], int, int | None]]]
Happened = tuple[datetime, uuid.UUID, str, dict[str, Any], str]
HOT, WARM = 60, 20
MONTHS = 18


@dataclass(frozen=True)
class Setting:
    """What lives refer to. rules: the score rules by kind (test, points, cap a day)."""

    now: datetime
    rules: Rules
    forms: Mapping[str, tuple[int, str]]  # slug -> id, name
    asset: tuple[int, str]
    mails: Mapping[int, tuple[int, str]]  # template id -> version, subject
    newsletter: int  # template id
    journeys: Mapping[str, Way]  # gallery slug -> the live journey
    takers: Sequence[tuple[int, str]]  # sales people: id, name
    marketer: int
    consent_text: str


@dataclass(frozen=True)
class Way:
    """A live journey. graph: its published steps, with the waits of the gallery (the demo lives them in minutes)."""

    id: int
    name: str
    version_id: int
    version: int
    graph: Mapping[str, Any]


@dataclass
class Passage:
    """Her way through one journey. log: step, came, left, outcome, reason."""

    way: Way
    id: int
    entry_key: str
    why: dict[str, Any]
    since: datetime
    entered_at: datetime
    moved_at: datetime
    step: str
    state: str = "active"
    until: datetime | None = None
    ended_at: datetime | None = None
    outcome: str = ""
    log: list[tuple[str, datetime, datetime, str, str]] = field(default_factory=list)

    def key(self, person_id: int, step: str) -> str:
        """The key that the engine gives to what a step does."""
        return f"journey:{person_id}.{self.id}:{step}"


@dataclass
class Mail:
    id: uuid.UUID
    template: int
    version: int
    subject: str
    sent_at: datetime
    key: str
    purpose: str = "marketing"
    by: tuple[Passage, str] | None = None  # the journey and the step that sent it
    refused: str = ""
    bounced: bool = False
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    unsubscribed_at: datetime | None = None


@dataclass
class Sale:
    """The hand-over and what came of it. Facts that name the deal or hand-over get their ids when rows are written."""

    at: datetime
    owner: int
    reason: str
    score: int
    status: str
    due: datetime
    by: tuple[Passage, str]  # the journey and the step that handed her over
    answered_at: datetime | None = None
    return_reason: str = ""
    amount: int = 0
    path: list[tuple[str, datetime]] = field(default_factory=list)
    lost_reason: str = ""
    calls: list[tuple[datetime, str, int, str, dict[str, Any]]] = field(default_factory=list)
    notes: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)
    tasks: list[tuple[datetime, str, str, datetime, datetime | None, dict[str, Any] | None]] = field(
        default_factory=list
    )
    deal_facts: list[dict[str, Any]] = field(default_factory=list)
    handover_facts: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Life:
    """Everything about one person, ready to be written."""

    place: world.Place
    first: tuple[str, str]
    last: tuple[str, str]
    job: str
    born: datetime  # when she became a contact
    origin: dict[str, str]
    visitor: int
    device: str
    company: int = 0  # index into the companies
    email: str = ""
    plan: str = ""
    tags: list[str] = field(default_factory=list)
    stage: str = "lead"
    stage_at: datetime | None = None
    consent: str = ""
    consent_at: datetime | None = None
    last_seen: datetime | None = None
    first_seen: datetime | None = None
    last_page: tuple[str, str] = ("", "")
    views: int = 0
    facts: list[Happened] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    submissions: list[tuple[datetime, uuid.UUID, str, dict[str, Any], bool]] = field(default_factory=list)
    sale: Sale | None = None
    deliverable: bool = True
    zeal: float = 0.2
    passages: list[Passage] = field(default_factory=list)
    tasks: list[tuple[Passage, str, dict[str, Any], datetime, datetime | None]] = field(default_factory=list)
    points: list[tuple[datetime, uuid.UUID, int, str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        a, b = self.first[0], self.last[0]
        return f"{b}{a}" if self.place.family_first else f"{a} {b}"


def pick(rng: Random, options: Sequence[tuple[Any, ...]]) -> Any:
    """One of `options`, whose last element is the weight; the option without its weight (bare if one value)."""
    total = sum(o[-1] for o in options)
    at = rng.random() * total
    for option in options:
        at -= option[-1]
        if at < 0:
            break
    return option[0] if len(option) == 2 else option[:-1]


def new_id(rng: Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)
