"""Journeys over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError

from headwater.people.models import Contact

from . import actions
from .engine.base import STEPS
from .engine.fields import OPS_SCHEMA, condition_schema
from .engine.graph import REENTRY, problems
from .models import Journey, Passage
from .queries import gallery, inside, overview
from .rules.duration import UNITS, RuleError
from .rules.matching import RULE_KINDS

router = Router(tags=["journeys"])


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
    graph: dict[str, Any] | None = None


class JourneyChange(Schema):
    name: str | None = None
    description: str | None = None
    graph: dict[str, Any] | None = None
    revision: int | None = None


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


@contextmanager
def refusals() -> Iterator[None]:
    """What an action refuses, as an answer: 404, 409 for another revision, 422 for the rest."""
    try:
        yield
    except (Journey.DoesNotExist, Passage.DoesNotExist) as error:
        raise HttpError(404, str(error)) from error
    except actions.Conflict as error:
        raise HttpError(409, str(error)) from error
    except actions.NotPublishable as error:
        raise HttpError(422, "; ".join(f"{p.where}: {p.message}" for p in error.problems)) from error
    except RuleError as error:
        raise HttpError(422, f"{error.where}: {error.message}" if error.where else error.message) from error


def _actor(request: HttpRequest) -> str:
    return str(getattr(request, "actor", "system"))


def _get(pk: int) -> Journey:
    return Journey.objects.select_related("version").get(pk=pk)


@router.get("/journeys", response=list[JourneyOut])
def list_journeys(request: HttpRequest) -> Any:
    """All journeys."""
    return Journey.objects.select_related("version").order_by("pk")


@router.get("/journeys/templates")
def list_templates(request: HttpRequest) -> list[dict[str, Any]]:
    """The gallery."""
    keys = ("slug", "name", "description", "choices", "tags")
    return [{key: t[key] for key in keys} for t in gallery.templates().values()]


@router.post("/journeys", response={201: JourneyWhole})
def create_journey(request: HttpRequest, data: JourneyIn) -> Any:
    """A new draft, from a template or a graph."""
    with refusals():
        if data.template:
            made = actions.install(data.template, actor=_actor(request), name=data.name, choices=data.choices)
        else:
            made = actions.create_journey(
                name=data.name, description=data.description, graph=data.graph, actor=_actor(request)
            )
    return 201, _get(made.pk)


@router.get("/journeys/{pk}", response=JourneyWhole)
def get_journey(request: HttpRequest, pk: int) -> Any:
    """One journey with its draft and what keeps it from being published."""
    with refusals():
        return _get(pk)


@router.patch("/journeys/{pk}", response=JourneyWhole)
def update_journey(request: HttpRequest, pk: int, data: JourneyChange) -> Any:
    """Change name, description or the whole draft. `revision`: refuse with 409 where somebody else was quicker."""
    with refusals():
        actions.update_journey(pk, actor=_actor(request), **data.dict(exclude_unset=True))
        return _get(pk)


@router.post("/journeys/{pk}/publish", response=JourneyOut)
def publish_journey(request: HttpRequest, pk: int) -> Any:
    """Make the draft the version that people enter."""
    with refusals():
        actions.publish(pk, actor=_actor(request))
        return _get(pk)


@router.post("/journeys/{pk}/pause", response=JourneyOut)
def pause_journey(request: HttpRequest, pk: int) -> Any:
    """Nobody enters, nobody goes on."""
    with refusals():
        actions.pause(pk, actor=_actor(request))
        return _get(pk)


@router.post("/journeys/{pk}/resume", response=JourneyOut)
def resume_journey(request: HttpRequest, pk: int) -> Any:
    """Go on after a pause."""
    with refusals():
        actions.resume(pk, actor=_actor(request))
        return _get(pk)


@router.post("/journeys/{pk}/enter")
def enter_journey(request: HttpRequest, pk: int, data: EnterIn) -> dict[str, Any]:
    """Let people in. `entered`: person id -> passage id of those who came in."""
    if len(data.person_ids) > 10_000:
        raise HttpError(422, "person_ids: at most 10,000 at once")
    with refusals():
        _get(pk)
        known = set(Contact.objects.filter(pk__in=data.person_ids).values_list("pk", flat=True))
        if unknown := sorted(set(data.person_ids) - known)[:5]:
            raise HttpError(422, f"person_ids: no such person: {', '.join(map(str, unknown))}")
        if data.key:
            why = {"kind": "manual", "by": _actor(request)}
            entries = [actions.Entry(p, f"api:{data.key}", why) for p in data.person_ids]
            done = actions.enter(pk, entries, actor=_actor(request))
        else:
            done = actions.enter_by_hand(pk, data.person_ids, actor=_actor(request))
    return {"entered": {str(person): str(passage) for person, passage in done.items()}}


@router.get("/journeys/{pk}/counts")
def journey_counts(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Numbers of the journey and of each step, over all versions."""
    with refusals():
        _get(pk)
    return {"totals": overview.totals(pk), "days_30": overview.totals(pk, 30), "steps": overview.counts(pk)}


@router.get("/contacts/{person_id}/passages", response=list[PassageOut])
def passages(request: HttpRequest, person_id: int) -> list[dict[str, Any]]:
    """The journeys a person is or was in."""
    return [_passage(story) for story in inside.of_person(person_id, 100)]


@router.get("/contacts/{person_id}/passages/{pk}", response=PassageWhole)
def passage(request: HttpRequest, person_id: int, pk: int) -> dict[str, Any]:
    """One passage with every step taken: why is she here?"""
    with refusals():
        story = inside.story(person_id, pk)
    log = [
        {
            "hop": s.row.hop,
            "step": s.row.step,
            "title": s.title,
            "since": s.row.since,
            "at": s.row.at,
            "outcome": s.row.outcome,
            "reason": s.row.reason,
        }
        for s in story.stops
    ]
    return _passage(story) | {"log": log}


def _passage(story: inside.Story) -> dict[str, Any]:
    p = story.passage
    return {
        "id": str(p.id),
        "journey": p.journey_id,
        "journey_name": story.journey.name,
        "version": story.version.number,
        "state": p.state,
        "step": p.step,
        "step_title": story.here,
        "why": story.why,
        "entered_at": p.entered_at,
        "until": p.until,
        "ended_at": p.ended_at,
        "outcome": p.outcome,
    }


@router.get("/schemas/journey")
def journey_schema(request: HttpRequest) -> dict[str, Any]:
    """The JSON Schema of a journey's graph: the one source for editor, API and engine."""
    target = {"type": ["string", "null"]}
    rule = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(RULE_KINDS)}, "where": {"type": "array", "items": OPS_SCHEMA}},
    }
    steps = []
    for kind in sorted(STEPS):
        cls = STEPS[kind]
        settings = {
            "type": "object",
            "additionalProperties": False,
            "properties": {f.name: {"title": str(f.label), **f.schema()} for f in cls.fields},
            "required": [f.name for f in cls.fields if f.required],
        }
        steps.append(
            {
                "title": str(cls.label),
                "type": "object",
                "required": ["kind"],
                "properties": {
                    "kind": {"const": kind},
                    "title": {"type": "string", "maxLength": 80},
                    "settings": settings,
                    "next": target,
                    "arms": {"type": "object", "additionalProperties": target},
                },
            }
        )
    after = {"type": "object", "properties": {"amount": {"type": "number"}, "unit": {"enum": list(UNITS)}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Journey",
        "type": "object",
        "required": ["start", "steps"],
        "properties": {
            "entry": {"type": "array", "items": rule},
            "reentry": {"type": "object", "properties": {"rule": {"enum": list(REENTRY)}, "after": after}},
            "goal": {"anyOf": [rule, {"type": "null"}]},
            "exits": {"type": "array", "items": rule},
            "start": target,
            "steps": {"type": "object", "additionalProperties": {"oneOf": steps}},
        },
        "$defs": {"condition": condition_schema()},
    }
