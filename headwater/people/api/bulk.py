"""Changes of many people over the API: begun, followed, undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, StreamingHttpResponse
from ninja import Field, Router, Schema
from ninja.errors import HttpError

from headwater.accounts.access import has_role

from .. import actions, queries, registry, rules
from ..models import BulkJob
from .schemas import Given, actor_of

router = Router(tags=["people"])


class BulkIn(Given):
    action: str = Field(description="tag, untag, owner, stage, withdraw, segment_in, segment_out, export, erase")
    params: dict[str, Any] = Field({}, description='Such as {"tags": ["vip"]}, {"stage": "customer"}, {"segment": 3}')
    ids: list[int] | None = Field(None, max_length=20_000, description="These people")
    q: str | None = Field(None, max_length=100, description="Or everybody whom the list shows for these words")
    filters: dict[str, str] = Field({}, description='And these filters: {"stage": "lead", "tag": "vip"}')
    everybody: bool = Field(False, description="Needed where neither ids nor words nor filters are given")


class BulkOut(Schema):
    id: int
    action: str
    params: dict[str, Any]
    state: str
    total: int
    done: int
    changed: int
    refused: dict[str, int]
    restored: int
    skipped: dict[str, int]
    error: str
    percent: int
    created_at: datetime
    finished_at: datetime | None


def _job(pk: int) -> BulkJob:
    found = BulkJob.objects.filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


@router.post("/contacts/bulk", response={202: BulkOut}, summary="Change many contacts")
def change_many(request: HttpRequest, body: BulkIn) -> tuple[int, BulkJob]:
    """Made in the background; ask `GET /contacts/bulk/ID` how far it is."""
    known_as = registry.bulks.get(body.action)
    user = request.user
    if known_as is not None and known_as.roles and user.is_authenticated and not has_role(user, *known_as.roles):
        raise HttpError(403, "Your role may not do this with many people.")
    if body.ids is None and not (body.q or body.filters or body.everybody):
        raise rules.Invalid({"ids": "Say whom: ids, q, filters, or everybody."})
    for name, value in body.filters.items():
        known = registry.filters.get(name)
        if known is None:
            raise rules.Invalid({"filters": f"There is no filter named {name}."})
        try:
            known.condition(value)
        except ValueError as error:
            raise rules.Invalid({"filters": f"{name} cannot be filtered by this value."}) from error
    listing = None
    if body.ids is None:
        listing = queries.Listing((body.q or "").replace("\0", ""), tuple(body.filters.items()))
    job = actions.start_bulk(
        body.action, given=body.params, actor=actor_of(request), person_ids=body.ids, listing=listing
    )
    return 202, job


@router.get("/contacts/bulk/{int:pk}", response=BulkOut, summary="How far a change of many is")
def get_bulk(request: HttpRequest, pk: int) -> BulkJob:
    return _job(pk)


@router.post("/contacts/bulk/{int:pk}/undo", response={202: BulkOut}, summary="Undo a change of many")
def undo_bulk(request: HttpRequest, pk: int) -> tuple[int, BulkJob]:
    """Puts back what each had, except where it was changed since. Refused with 422 where nothing can be undone."""
    _job(pk)
    if not actions.undo_bulk(pk, actor=actor_of(request)):
        raise rules.Invalid({"id": "There is nothing to undo."})
    return 202, _job(pk)


@router.post("/contacts/bulk/{int:pk}/stop", response=BulkOut, summary="Stop a change of many")
def stop_bulk(request: HttpRequest, pk: int) -> BulkJob:
    _job(pk)
    actions.stop_bulk(pk, actor=actor_of(request))
    return _job(pk)


@router.get("/contacts/bulk/{int:pk}/file", summary="The file of an export")
def get_file(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    job = _job(pk)
    if job.state != "done" or not job.parts.exists():
        raise Http404

    def parts() -> Iterator[str]:
        yield from job.parts.order_by("number").values_list("text", flat=True).iterator(chunk_size=20)

    return StreamingHttpResponse(parts(), content_type="text/csv; charset=utf-8")
