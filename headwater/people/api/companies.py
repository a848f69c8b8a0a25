"""Companies over the API."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router

from headwater.core.paging import Cursor, Limit, opened, sealed

from .. import actions, queries
from ..models import Company
from .schemas import CompanyChange, CompanyIn, CompanyOut, CompanyPage, Words, actor_of, sent

router = Router(tags=["people"])


def _company(pk: int) -> Company:
    found = Company.objects.select_related("owner").filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


@router.get("/companies", response=CompanyPage, summary="Search and list companies")
def list_companies(request: HttpRequest, q: Words = "", cursor: Cursor = "", limit: Limit = 50) -> dict[str, Any]:
    found, following = queries.companies(q=q.replace("\0", ""), after=opened("companies", cursor), limit=limit)
    return {"items": found, "next": sealed("companies", following)}


@router.post("/companies", response={201: CompanyOut}, summary="Create a company")
def create_company(request: HttpRequest, body: CompanyIn) -> tuple[int, Company]:
    made = actions.create_company(actor=actor_of(request), **sent(body))
    return 201, _company(made.pk)


@router.get("/companies/{int:pk}", response=CompanyOut, summary="One company")
def get_company(request: HttpRequest, pk: int) -> Company:
    return _company(pk)


@router.patch("/companies/{int:pk}", response=CompanyOut, summary="Change a company")
def change_company(request: HttpRequest, pk: int, body: CompanyChange) -> Company:
    _company(pk)
    actions.update_company(pk, actor=actor_of(request), **sent(body))
    return _company(pk)
