"""Pipelines, deals and hand-overs over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError
from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError

from headwater.core import clock
from headwater.people.models import Contact

from . import actions, queries
from .models import Deal, LeadHandover

router = Router(tags=["sales"])


@contextmanager
def refusals() -> Iterator[None]:
    """What an action refuses, as an answer: 404 for what is not there, 409 for another version, 422 for the rest."""
    try:
        yield
    except ObjectDoesNotExist as error:
        raise HttpError(404, str(error)) from error
    except actions.Stale as error:
        raise HttpError(409, str(error)) from error
    except ValueError as error:
        raise HttpError(422, str(error)) from error
    except IntegrityError as error:
        raise HttpError(422, "it names a record that does not exist") from error


class StageOut(Schema):
    id: int
    name: str
    kind: str
    probability: int


class PipelineOut(Schema):
    id: int
    name: str
    stages: list[StageOut]

    @staticmethod
    def resolve_stages(obj: Any) -> Any:
        return obj.stages.all()


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
    next: str


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


@router.get("/pipelines", response=list[PipelineOut])
def list_pipelines(request: HttpRequest) -> Any:
    actions.ensure_pipeline()
    return queries.pipelines()


@router.get("/deals", response=DealPage)
def list_deals(
    request: HttpRequest,
    stage_id: int | None = None,
    owner_id: int | None = None,
    person_id: int | None = None,
    q: str = "",
    after: str = "",
    limit: int = 50,
) -> Any:
    """Deals, the newest first; `after` is the `next` of the page before."""
    with refusals():
        page = queries.table(
            stage_ids=None if stage_id is None else [stage_id],
            owner_id=owner_id,
            person_id=person_id,
            text=q,
            after=after,
            limit=max(1, min(limit, 200)),
        )
    return {"items": page.deals, "next": page.next}


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
