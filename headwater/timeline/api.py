"""The log over the API, for administrators (paths under /health); `headwater api` runs the same operations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError

from headwater.core import clock
from headwater.core.config import config

from . import actions, partitions, queries
from .registry import consumers

router = Router(tags=["health"])


class ReactionOut(Schema):
    """facts_behind: facts it has not read yet. oldest_seconds: the age of the oldest of these. parked: set aside."""

    consumer: str
    facts_behind: int
    oldest_seconds: float
    parked: int


class HealthOut(Schema):
    reactions: list[ReactionOut]


class ParkedOut(Schema):
    """key: names it in retry and discard. error: the traceback, its last line the reason."""

    key: str
    consumer: str
    person_id: int
    kind: str
    at: datetime | None
    fact_id: UUID | None
    reason: str
    error: str
    attempts: int
    parked_at: datetime
    tried_at: datetime | None


class MonthOut(Schema):
    """A partition of the history. first: its month; null for the one that takes what has no month of its own. rows:
    PostgreSQL's estimate, -1 where it has none yet."""

    name: str
    first: datetime | None
    rows: int
    bytes: int


class MonthsOut(Schema):
    """keep_facts_months, keep_anonymous_months: 0 for ever."""

    keep_facts_months: int
    keep_anonymous_months: int
    months: list[MonthOut]


class Which(Schema):
    """Either the keys of parked facts, or a consumer: all that is parked for it (at most 2,000 in one call)."""

    keys: Annotated[list[str], Field(max_length=1000)] = []
    consumer: str = ""


class DiscardIn(Which):
    note: str


class RetriedOut(Schema):
    """done: had their effect. failed: stay parked. left: parked facts of the consumer that were not tried yet."""

    done: int
    failed: int
    left: int


class DiscardedOut(Schema):
    discarded: int


@router.get("/health", response=HealthOut)
def health(request: HttpRequest) -> dict[str, Any]:
    """How far each reaction is behind the log."""
    counts = queries.parked_counts()
    return {
        "reactions": [
            {
                "consumer": one.consumer,
                "facts_behind": one.facts_behind,
                "oldest_seconds": one.oldest_seconds,
                "parked": counts.get(one.consumer, 0),
            }
            for one in queries.lag(clock.now())
        ]
    }


@router.get("/health/months", response=MonthsOut)
def months(request: HttpRequest) -> dict[str, Any]:
    """The months of the history with their sizes, the newest first, and how long facts are kept."""
    return {
        "keep_facts_months": config.keep_facts_months,
        "keep_anonymous_months": config.keep_anonymous_months,
        "months": partitions.months(),
    }


@router.get("/health/parked", response=list[ParkedOut])
def parked(request: HttpRequest, consumer: str = "", limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Any:
    """Facts on which a reaction failed for good, newest first."""
    return queries.parked(consumer=consumer, limit=limit)


@router.post("/health/parked/retry", response=RetriedOut)
def retry(request: HttpRequest, which: Which) -> actions.Retried:
    """Let a reaction hear parked facts again. A fact that fails again stays parked, with its new error. Facts that
    followed for the same person have been handled already."""
    actor: str = request.actor  # type: ignore[attr-defined]
    if consumer := _consumer(which):
        return actions.retry_all(consumer=consumer, actor=actor)
    return actions.retry(places=[actions.place(key) for key in which.keys], actor=actor)


@router.post("/health/parked/discard", response=DiscardedOut)
def discard(request: HttpRequest, which: DiscardIn) -> dict[str, int]:
    """Give parked facts up: their effect will never be. The note says why and is kept."""
    actor: str = request.actor  # type: ignore[attr-defined]
    if consumer := _consumer(which):
        return {"discarded": actions.discard_all(consumer=consumer, note=which.note, actor=actor)}
    places = [actions.place(key) for key in which.keys]
    return {"discarded": actions.discard(places=places, note=which.note, actor=actor)}


def _consumer(which: Which) -> str:
    """The consumer where all of one are meant. Raises 422 unless exactly one of keys and consumer is given, 404
    for a consumer that nobody knows."""
    if bool(which.keys) == bool(which.consumer):
        raise HttpError(422, "Give either keys or a consumer.")
    if which.consumer and which.consumer not in consumers() and which.consumer not in queries.parked_counts():
        raise HttpError(404, f"There is no reaction named {which.consumer}.")
    return which.consumer
