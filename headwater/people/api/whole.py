"""A contact as a whole over the API: erased, handed out, merged with another, parted again; doubles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema

from .. import actions, queries
from ..models import Contact, Merge
from .contacts import contact_of
from .schemas import ContactOut, Given, actor_of

router = Router(tags=["people"])


class MergeIn(Given):
    merged: int = Field(description="The contact that becomes part of this one")
    choices: dict[str, int] = Field({}, description='Whose value is kept: {"phone": 12, "custom.colour": 15}')


class MergeOut(Schema):
    id: int
    survivor_id: int
    merged_id: int
    at: datetime
    actor: str
    undone_at: datetime | None


class PairOut(Schema):
    one: int
    other: int
    why: str
    score: int


class ApartIn(Given):
    one: int = Field(ge=1, lt=2**63)
    other: int = Field(ge=1, lt=2**63)


@router.get("/contacts/{int:pk}/everything", response=dict[str, Any], summary="Everything that is kept of a contact")
def get_everything(request: HttpRequest, pk: int) -> dict[str, Any]:
    """By table, with all rows."""
    return actions.export_person(contact_of(pk).pk)


@router.post("/contacts/{int:pk}/merge", response=ContactOut, summary="Merge another contact into this one")
def merge_contact(request: HttpRequest, pk: int, body: MergeIn) -> Contact:
    """Nothing is lost; `POST /contacts/merges/ID/undo` parts them again. The merged id leads to this contact."""
    survivor, merged = contact_of(pk), contact_of(body.merged)
    actions.merge_contacts(survivor.pk, merged.pk, choices=body.choices, actor=actor_of(request))
    return contact_of(survivor.pk)


@router.get("/contacts/{int:pk}/merges", response=list[MergeOut], summary="What was merged into a contact")
def list_merges(request: HttpRequest, pk: int) -> Any:
    return list(Merge.objects.filter(survivor_id=contact_of(pk).pk).order_by("-pk")[:200])


@router.post("/contacts/merges/{int:pk}/undo", response=MergeOut, summary="Part two merged contacts again")
def undo_merge(request: HttpRequest, pk: int) -> Merge:
    if not 0 < pk < 2**63 or not Merge.objects.filter(pk=pk).exists():
        raise Http404
    actions.unmerge(pk, actor=actor_of(request))
    return Merge.objects.get(pk=pk)


@router.get("/contacts/duplicates", response=list[PairOut], summary="Pairs that may be the same person")
def list_duplicates(request: HttpRequest, limit: Annotated[int, Field(ge=1, le=200)] = 50) -> Any:
    """The surest first."""
    return [{"one": p.one.pk, "other": p.other.pk, "why": p.why, "score": p.score} for p in queries.alike_pairs(limit)]


@router.post("/contacts/duplicates/apart", response={204: None}, summary="Say that two are not the same person")
def tell_apart(request: HttpRequest, body: ApartIn) -> tuple[int, None]:
    actions.tell_apart(contact_of(body.one).pk, contact_of(body.other).pk, actor=actor_of(request))
    return 204, None
