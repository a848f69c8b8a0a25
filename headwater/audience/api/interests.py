"""Topics and interests over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema
from ninja.errors import HttpError

from headwater.people.queries import contacts

from .. import actions, queries
from ..models import HALF_LIFE, ScoreRun, Topic
from .base import Name, refusals, router
from .scores import LineOut


class InterestOut(Schema):
    key: str
    name: str
    weight: int
    last_at: datetime


@router.get("/people/{int:person_id}/interests", response=list[InterestOut])
def get_interests(request: HttpRequest, person_id: int) -> Any:
    return queries.interests([person_id])[person_id]


class ExplainedOut(Schema):
    """What the signs are worth now, and `rounding`, add up to `weight`."""

    topic: str
    weight: int
    rounding: float
    decay: str
    decay_days: int
    lines: list[LineOut]


@router.get(
    "/people/{int:person_id}/interests/{key}", response=ExplainedOut, summary="Every sign that makes an interest"
)
def get_interest(request: HttpRequest, person_id: int, key: str) -> Any:
    if person_id not in contacts([person_id]):
        raise HttpError(404, "There is no such contact.")
    with refusals():
        found = queries.explain_interest(person_id, key)
    names = ("rounding", "decay", "decay_days", "lines")
    return {name: getattr(found, name) for name in names} | {"topic": key, "weight": found.points}


class Sign(Schema):
    match: str = Field("keyword", pattern="^(path|keyword|asset|link|form)$")
    value: str = Field(min_length=2, max_length=200)


class TopicIn(Schema):
    name: Name = Field(max_length=80)
    signs: list[Sign] = Field(min_length=1, max_length=100)
    hue: int = Field(235, ge=0, le=360)
    decay: str = Field("half", pattern="^(none|half|linear|expiry)$")
    decay_days: int = Field(HALF_LIFE, ge=0, le=3660)
    #: Whether signs count what happened before too; another decay is computed for everybody anyway
    past: bool = False


class TopicOut(Schema):
    key: str
    name: str
    hue: int
    signs: list[Sign]
    decay: str
    decay_days: int
    people: int
    #: While it is computed anew: per cent
    progress: int | None


def _out(topic: Topic, people: int, runs: dict[int, ScoreRun]) -> dict[str, Any]:
    signs = [{"match": r.match, "value": r.value} for r in topic.rules.all()]
    run = runs.get(-topic.pk)
    names = ("key", "name", "hue", "decay", "decay_days")
    said = {"signs": signs, "people": people, "progress": run.progress if run else None}
    return {name: getattr(topic, name) for name in names} | said


def _one(key: str) -> dict[str, Any]:
    return next(_out(topic, people, queries.runs()) for topic, people in queries.topics() if topic.key == key)


@router.get(
    "/scoring/topics", response=list[TopicOut], summary="Topics, what feeds them, and how many people they have"
)
def list_topics(request: HttpRequest) -> Any:
    runs = queries.runs()
    return [_out(topic, people, runs) for topic, people in queries.topics()]


@router.post("/scoring/topics", response={201: TopicOut})
def create_topic(request: HttpRequest, body: TopicIn) -> Any:
    return 201, _save("", body, request)


@router.put("/scoring/topics/{key}", response=TopicOut, summary="Change a topic and what feeds it from now on")
def update_topic(request: HttpRequest, key: str, body: TopicIn) -> Any:
    with refusals():
        Topic.objects.only("pk").get(key=key)
    return _save(key, body, request)


def _save(key: str, body: TopicIn, request: HttpRequest) -> dict[str, Any]:
    said = body.dict(exclude={"signs"}) | {"matches": [(s.match, s.value) for s in body.signs]}
    with refusals():
        made = actions.save_topic(key=key, **said, actor=request.actor)  # type: ignore[attr-defined]
    return _one(made.key)


@router.post("/scoring/topics/{key}/run", response=TopicOut, summary="Compute interest in a topic anew from the past")
def start_topic_run(request: HttpRequest, key: str) -> Any:
    with refusals():
        actions.recompute_topic(key, actor=request.actor)  # type: ignore[attr-defined]
    return _one(key)


@router.delete("/scoring/topics/{key}/run", response=TopicOut, summary="Stop it: signs and decay are as they were")
def stop_topic_run(request: HttpRequest, key: str) -> Any:
    with refusals():
        actions.cancel_topic_run(key, actor=request.actor)  # type: ignore[attr-defined]
    return _one(key)


@router.delete("/scoring/topics/{key}", response={204: None})
def delete_topic(request: HttpRequest, key: str) -> Any:
    with refusals():
        actions.delete_topic(key, actor=request.actor)  # type: ignore[attr-defined]
    return 204, None


class InterestedOut(Schema):
    person_id: int
    name: str
    email: str
    weight: int
    last_at: datetime


@router.get("/scoring/topics/{key}/people", response=list[InterestedOut], summary="Who shows most interest")
def interested(request: HttpRequest, key: str, limit: int = 100) -> Any:
    with refusals():
        rows = queries.interested(Topic.objects.get(key=key), limit=max(1, min(limit, 1000)))
    people = contacts([r.person_id for r in rows])
    return [
        {"person_id": r.person_id, "name": people[r.person_id].name, "email": people[r.person_id].email,
         "weight": r.weight, "last_at": r.last_at}
        for r in rows
        if r.person_id in people
    ]  # fmt: skip
