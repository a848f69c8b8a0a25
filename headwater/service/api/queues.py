"""Queues over the API. Whoever changes them is an administrator: the paths begin with /workspace."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Schema

from .. import actions, queries
from .base import refusals, router


class Target(Schema):
    """Minutes of the queue's hours; null: no target."""

    reply: int | None = None
    solution: int | None = None


class Hours(Schema):
    """days: mon to sun, none: always; opens and closes: "09:00", by the workspace's clocks."""

    days: list[str] = []
    opens: str = "00:00"
    closes: str = "00:00"


class QueueOut(Schema):
    id: int
    name: str
    targets: dict[str, Target]
    hours: Hours
    close_after: int
    archived_at: datetime | None


class QueueIn(Schema):
    """targets: by priority (low, normal, high, urgent). Without targets or hours the queue gets the usual ones.
    close_after: days after which what was solved is closed; 0: never."""

    name: str
    targets: dict[str, Target] | None = None
    hours: Hours | None = None
    close_after: int = 0


class QueueChange(Schema):
    name: str | None = None
    targets: dict[str, Target] | None = None
    hours: Hours | None = None
    close_after: int | None = None


@router.get("/queues", response=list[QueueOut])
def list_queues(request: HttpRequest, archived: bool = False) -> Any:
    """Queues in their order; archived: also those that take no tickets any more."""
    actions.ensure_queue()
    return queries.queues(archived=archived)


@router.post("/workspace/queues", response={201: QueueOut})
def create_queue(request: HttpRequest, body: QueueIn) -> Any:
    with refusals():
        return 201, actions.create_queue(actor=request.actor, **body.dict())  # type: ignore[attr-defined]


@router.patch("/workspace/queues/{queue_id}", response=QueueOut)
def change_queue(request: HttpRequest, queue_id: int, body: QueueChange) -> Any:
    changes = {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None}
    with refusals():
        return actions.update_queue(queue_id, actor=request.actor, **changes)  # type: ignore[attr-defined]


@router.post("/workspace/queues/{queue_id}/archive", response={204: None})
def archive_queue(request: HttpRequest, queue_id: int) -> Any:
    """It takes no new tickets any more; one that never held a ticket is removed."""
    with refusals():
        actions.archive_queue(queue_id, actor=request.actor)  # type: ignore[attr-defined]
    return 204, None


@router.post("/workspace/queues/{queue_id}/restore", response=QueueOut)
def restore_queue(request: HttpRequest, queue_id: int) -> Any:
    with refusals():
        return actions.restore_queue(queue_id, actor=request.actor)  # type: ignore[attr-defined]
