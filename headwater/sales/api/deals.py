"""Deals over the API."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from ninja import Schema
from ninja.errors import HttpError

from headwater.core.paging import Cursor, Limit, Next, opened, sealed
from headwater.people.models import Contact

from .. import actions, queries
from ..models import Deal
from .base import refusals, router


class DealIn(Schema):
    name: str
    person_id: int | None = None
    company_id: int | None = None
    owner_id: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    stage_id: int | None = None
    expected_close: date | None = None
    source: str = ""
    key: str | None = None


class DealChange(Schema):
    name: str | None = None
    person_id: int | None = None
    company_id: int | None = None
    owner_id: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    expected_close: date | None = None
    source: str | None = None
    version: int | None = None


class DealOut(Schema):
    id: int
    name: str
    person_id: int | None
    company_id: int | None
    owner_id: int | None
    amount: Decimal | None
    currency: str
    pipeline_id: int
    stage_id: int
    stage: str
    expected_close: date | None
    source: str
    lost_reason: str
    version: int
    created_at: datetime
    stage_at: datetime
    won_at: datetime | None
    lost_at: datetime | None

    @staticmethod
    def resolve_person_id(obj: Deal) -> int | None:
        return obj.contact_id

    @staticmethod
    def resolve_stage(obj: Deal) -> str:
        return obj.stage.name


class DealPage(Schema):
    items: list[DealOut]
    next: Next


class Move(Schema):
    stage_id: int
    version: int | None = None
    before_id: int | None = None
    reason: str = ""


class Reason(Schema):
    reason: str
    version: int | None = None


class Version(Schema):
    version: int | None = None


@router.get("/deals", response=DealPage)
def list_deals(
    request: HttpRequest,
    stage_id: int | None = None,
    owner_id: int | None = None,
    person_id: int | None = None,
    q: str = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Deals, the newest first."""
    with refusals():
        page = queries.table(
            stage_ids=None if stage_id is None else [stage_id],
            owner_id=owner_id,
            person_id=person_id,
            text=q,
            after=opened("deals", cursor),
            limit=limit,
        )
    return {"items": page.deals, "next": sealed("deals", page.next)}


@router.post("/deals", response={201: DealOut})
def create_deal(request: HttpRequest, body: DealIn) -> Any:
    if body.person_id is not None and not Contact.objects.filter(pk=body.person_id).exists():
        raise HttpError(422, f"person_id: there is no contact {body.person_id}")
    with refusals():
        pk = actions.create_deal(actor=request.actor, **body.dict())  # type: ignore[attr-defined]
    return 201, queries.deal(pk)


@router.get("/deals/{deal_id}", response=DealOut)
def get_deal(request: HttpRequest, deal_id: int) -> Any:
    with refusals():
        return queries.deal(deal_id)


@router.patch("/deals/{deal_id}", response=DealOut)
def change_deal(request: HttpRequest, deal_id: int, body: DealChange) -> Any:
    changes = body.dict(exclude_unset=True)
    version = changes.pop("version", None)
    if "person_id" in changes:
        changes["contact_id"] = changes.pop("person_id")
    with refusals():
        actions.update_deal(deal_id, actor=request.actor, version=version, **changes)  # type: ignore[attr-defined]
        return queries.deal(deal_id)


@router.post("/deals/{deal_id}/move", response=DealOut)
def move_deal(request: HttpRequest, deal_id: int, body: Move) -> Any:
    """Into a stage, above the deal `before_id`; 409 where `version` is not the deal's any more."""
    with refusals():
        actions.move_deal(deal_id, actor=request.actor, **body.dict())  # type: ignore[attr-defined]
        return queries.deal(deal_id)


@router.post("/deals/{deal_id}/win", response=DealOut)
def win_deal(request: HttpRequest, deal_id: int, body: Version) -> Any:
    with refusals():
        actions.win_deal(deal_id, actor=request.actor, version=body.version)  # type: ignore[attr-defined]
        return queries.deal(deal_id)


@router.post("/deals/{deal_id}/lose", response=DealOut)
def lose_deal(request: HttpRequest, deal_id: int, body: Reason) -> Any:
    with refusals():
        actions.lose_deal(deal_id, body.reason, actor=request.actor, version=body.version)  # type: ignore[attr-defined]
        return queries.deal(deal_id)


@router.delete("/deals/{deal_id}", response={204: None})
def delete_deal(request: HttpRequest, deal_id: int) -> Any:
    with refusals():
        actions.delete_deal(deal_id, actor=request.actor)  # type: ignore[attr-defined]
    return 204, None
