"""What a dry run tells, and what is taken to happen in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Mail:
    """A mail as she would get it. missing: names that have no value for her."""

    template: int
    subject: str
    html: str
    text: str
    missing: list[str]
    channel: str = "email"


@dataclass(frozen=True)
class Tried:
    """A step of a dry run. at: she comes to it, until: she leaves it; arm: the way she would take; known False: it
    depends on what happens until then. asked: the conditions of the step, as (way, words, does it hold). chosen: the
    way was chosen by who asks. ends: the goal or an exit ends her way here: {"state", "why", "label", "words"};
    ends_may: what might end it while she is here, as choices."""

    step: str
    kind: str
    title: str
    at: datetime
    arm: str
    arm_label: str
    words: str
    known: bool = True
    until: datetime | None = None
    chosen: bool = False
    arms: list[dict[str, str]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    mail: Mail | None = None
    ends: dict[str, str] | None = None
    ends_may: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Choices:
    """What is taken to happen. mails: step -> "opened" or "clicked"; arms: step -> the way she takes there, or "!goal"
    and "!exit.N": the goal is reached, or that exit happens, while she is there."""

    mails: Mapping[str, str] = field(default_factory=dict)
    arms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LetIn:
    """What lets her in: the rule in words, the fact's kind and properties, when it happened (None: it has not)."""

    words: str
    kind: str
    data: dict[str, Any]
    at: datetime | None
