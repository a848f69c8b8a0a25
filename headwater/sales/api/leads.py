"""Hand-overs over the API."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from ninja import Schema
from ninja.errors import HttpError

from headwater.core import clock

from .. import actions, queries
from ..models import LeadHandover
from .base import refusals, router
from .deals import Reason


class HandOverIn(Schema):
    person_id: int
    reason: str
    deal_name: str = ""
    amount: Decimal | None = None
    key: str = ""


class HandedOverOut(Schema):
    person_id: int
    handover_id: int | None
    owner_id: int | None
    deal_id: int | None
    refused: str | None
    repeated: bool


class HandoverOut(Schema):
    id: int
    person_id: int
    owner_id: int | None
    deal_id: int | None
    reason: str
    score: int
    status: str
    created_at: datetime
    sla_due_at: datetime
    answered_at: datetime | None
    return_reason: str

    @staticmethod
    def resolve_person_id(obj: LeadHandover) -> int:
        return obj.contact_id


class StatsOut(Schema):
    handed_over: int
    open: int
    accepted: int
    returned: int
    late: int
    accepted_share: int
    in_time_share: int
    median_minutes: int
    won: int


@router.post("/handovers", response=list[HandedOverOut])
def hand_over(request: HttpRequest, body: list[HandOverIn]) -> Any:
    """Hand people to sales; one outcome per item, which says why where somebody was not handed over."""
    if len(body) > 1000:
        raise HttpError(422, "at most 1,000 people at once")
    with refusals():
        items = [actions.HandOver(**item.dict()) for item in body]
        return actions.hand_over(items, actor=request.actor)  # type: ignore[attr-defined]


@router.get("/handovers/stats", response=StatsOut)
def handover_stats(request: HttpRequest, since: datetime, until: datetime | None = None) -> Any:
    return queries.handover_stats(since, until or clock.now())


@router.get("/handovers/{handover_id}", response=HandoverOut)
def get_handover(request: HttpRequest, handover_id: int) -> Any:
    with refusals():
        return queries.handover(handover_id)


@router.post("/handovers/{handover_id}/accept", response=HandoverOut)
def accept_lead(request: HttpRequest, handover_id: int) -> Any:
    with refusals():
        return actions.accept_lead(handover_id, actor=request.actor)  # type: ignore[attr-defined]


@router.post("/handovers/{handover_id}/return", response=HandoverOut)
def return_lead(request: HttpRequest, handover_id: int, body: Reason) -> Any:
    with refusals():
        return actions.return_lead(handover_id, body.reason, actor=request.actor)  # type: ignore[attr-defined]
