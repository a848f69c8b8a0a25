"""What goes in and comes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema

from ..engine.checking import problems


class JourneyOut(Schema):
    id: int
    name: str
    description: str
    status: str
    revision: int
    version: int | None
    gallery: str
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def resolve_version(obj: Any) -> int | None:
        return obj.version.number if obj.version else None


class JourneyWhole(JourneyOut):
    draft: dict[str, Any]
    problems: list[dict[str, str]]

    @staticmethod
    def resolve_problems(obj: Any) -> list[dict[str, str]]:
        return [{"where": p.where, "message": p.message} for p in problems(obj.draft)]


class JourneyIn(Schema):
    """Either a template of the gallery, with its choices, or a graph (see /schemas/journey)."""

    name: str = ""
    description: str = ""
    template: str = ""
    choices: dict[str, Any] = {}
    #: Of a template's texts and mails: "en", "ko", "zh-hans"; left out, the caller's
    language: Literal["", "en", "ko", "zh-hans"] = ""
    graph: dict[str, Any] | None = None


class InstallIn(Schema):
    """name: left out, the template's. choices: what it asks for, by key; left out, its own defaults."""

    name: str = ""
    choices: dict[str, Any] = {}
    language: Literal["", "en", "ko", "zh-hans"] = ""


class JourneyChange(Schema):
    name: str | None = None
    description: str | None = None
    graph: dict[str, Any] | None = None
    revision: int | None = None


class PublishIn(Schema):
    """people: "finish" on the version they entered, or "move" to this one, by `mapping` (step -> step, "exit", or
    "finish" for those who stay), else to the step of the same id; {"*": "finish"}: only those whose step is named."""

    people: str | None = None
    mapping: dict[str, str] = {}
    revision: int | None = None


class RollBackIn(PublishIn):
    version: int


class EnterIn(Schema):
    """key: the same key lets a person in once; left out, each call is a new cause."""

    person_ids: list[int]
    key: str = ""


class PassageOut(Schema):
    id: str
    journey: int
    journey_name: str
    version: int
    state: str
    step: str
    step_title: str
    why: str
    entered_at: datetime
    until: datetime | None
    ended_at: datetime | None
    outcome: str


class StopOut(Schema):
    hop: int
    step: str
    title: str
    since: datetime
    at: datetime
    outcome: str
    reason: str


class PassageWhole(PassageOut):
    log: list[StopOut]
