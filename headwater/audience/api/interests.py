"""Topics and interests over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from headwater.people.queries import contacts

from .. import actions, queries
from ..models import Topic
from .base import refusals, router


class InterestOut(Schema):
    key: str
    name: str
    weight: int
    last_at: datetime


@router.get("/people/{int:person_id}/interests", response=list[InterestOut])
def get_interests(request: HttpRequest, person_id: int) -> Any:
    return queries.interests([person_id])[person_id]


class Sign(Schema):
    match: str = Field("keyword", pattern="^(path|keyword|asset|link|form)$")
    value: str = Field(min_length=2, max_length=200)


class TopicIn(Schema):
    name: str = Field(min_length=1, max_length=80)
    signs: list[Sign] = Field(min_length=1, max_length=100)
    hue: int = Field(235, ge=0, le=360)


class TopicOut(Schema):
    key: str
    name: str
    hue: int
    signs: list[Sign]
    people: int


def _out(topic: Topic, people: int) -> dict[str, Any]:
    signs = [{"match": r.match, "value": r.value} for r in topic.rules.all()]
    return {"key": topic.key, "name": topic.name, "hue": topic.hue, "signs": signs, "people": people}


@router.get(
    "/scoring/topics", response=list[TopicOut], summary="Topics, what feeds them, and how many people they have"
)
def list_topics(request: HttpRequest) -> Any:
    return [_out(topic, people) for topic, people in queries.topics()]


@router.post("/scoring/topics", response={201: TopicOut})
def create_topic(request: HttpRequest, body: TopicIn) -> Any:
    return 201, _save("", body, request)


@router.put("/scoring/topics/{key}", response=TopicOut, summary="Change a topic and what feeds it from now on")
def update_topic(request: HttpRequest, key: str, body: TopicIn) -> Any:
    with refusals():
        Topic.objects.only("pk").get(key=key)
    return _save(key, body, request)


def _save(key: str, body: TopicIn, request: HttpRequest) -> dict[str, Any]:
    matches = [(s.match, s.value) for s in body.signs]
    with refusals():
        made = actions.save_topic(key=key, name=body.name, hue=body.hue, matches=matches, actor=request.actor)  # type: ignore[attr-defined]
    return next(_out(topic, people) for topic, people in queries.topics() if topic.pk == made.pk)


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
