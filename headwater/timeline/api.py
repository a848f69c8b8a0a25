"""The log over the API, for administrators (paths under /health); `headwater api` runs the same operations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError

from headwater.core import clock
from headwater.core.config import config

from . import actions, partitions, queries, replay
from .models import Replay
from .registry import consumers

router = Router(tags=["health"])


class ReactionOut(Schema):
    """facts_behind: facts it has not read yet. oldest_seconds: the age of the oldest of these. per_second: facts that
    it passed of late (null: no worker has run for half a minute). parked: set aside."""

    consumer: str
    facts_behind: int
    oldest_seconds: float
    per_second: float | None
    parked: int
    replayable: bool


class WorkerOut(Schema):
    """name: "machine:process" of a worker; "" for pages, the API and commands. lanes: of the 256, held at this moment.
    seconds: how long the longest of its transactions has been open."""

    name: str
    sessions: int
    lanes: int
    seconds: float


class HealthOut(Schema):
    """written_per_second: facts recorded of late. workers: those connected, and whoever else holds lanes."""

    reactions: list[ReactionOut]
    written_per_second: float | None
    workers: list[WorkerOut]


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


class ReplayIn(Schema):
    """since: the time from which on facts are heard again (when they happened); UTC where it has no zone."""

    consumer: str
    since: datetime


class ReplayOut(Schema):
    """state: running, done, stopped. facts: heard again so far; parked: those of them on which it failed. percent: how
    far it is, by people. waits: it runs, and lets live facts go first at the moment."""

    id: int
    consumer: str
    since: datetime
    state: str
    percent: int
    facts: int
    parked: int
    waits: bool
    actor: str
    started_at: datetime
    finished_at: datetime | None


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
    """How far each reaction is behind the log, and who works."""
    now = clock.now()
    counts, (lags, written) = queries.parked_counts(), queries.standing(now)
    return {
        "written_per_second": written,
        "workers": queries.workers(now),
        "reactions": [
            {
                "consumer": one.consumer,
                "facts_behind": one.facts_behind,
                "oldest_seconds": one.oldest_seconds,
                "per_second": one.per_second,
                "parked": counts.get(one.consumer, 0),
                "replayable": consumers()[one.consumer].replay is not None,
            }
            for one in lags
        ],
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


@router.get("/health/replays", response=list[ReplayOut])
def replays(request: HttpRequest) -> list[dict[str, Any]]:
    """Replays: those that run, then the newest."""
    return [_replay(row) for row in queries.replays(limit=50)]


@router.post("/health/replays", response={201: ReplayOut})
def start_replay(request: HttpRequest, new: ReplayIn) -> tuple[int, dict[str, Any]]:
    """Let a reaction hear again what happened since a point in time. Only reactions on which this does no harm can be
    replayed (`replayable` in GET /health). It runs in the background and lets live facts go first."""
    since = new.since if new.since.tzinfo else new.since.replace(tzinfo=UTC)
    row = actions.start_replay(consumer=new.consumer, since=since, actor=request.actor)  # type: ignore[attr-defined]
    return 201, _replay(row)


@router.post("/health/replays/{replay_id}/stop", response=ReplayOut)
def stop_replay(request: HttpRequest, replay_id: int) -> dict[str, Any]:
    """End a replay where it is; what it did stays. One that has ended already stays as it is."""
    actions.stop_replay(replay_id, actor=request.actor)  # type: ignore[attr-defined]
    return _replay(Replay.objects.get(pk=replay_id))


def _replay(row: Replay) -> dict[str, Any]:
    fields = ("consumer", "since", "state", "percent", "facts", "parked", "actor", "started_at", "finished_at")
    waits = row.state == Replay.RUNNING and replay.live_facts_wait()
    return {"id": row.pk, "waits": waits, **{name: getattr(row, name) for name in fields}}


def _consumer(which: Which) -> str:
    """The consumer where all of one are meant. Raises 422 unless exactly one of keys and consumer is given, 404
    for a consumer that nobody knows."""
    if bool(which.keys) == bool(which.consumer):
        raise HttpError(422, "Give either keys or a consumer.")
    if which.consumer and which.consumer not in consumers() and which.consumer not in queries.parked_counts():
        raise HttpError(404, f"There is no reaction named {which.consumer}.")
    return which.consumer
