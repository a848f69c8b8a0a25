"""Companies over the API."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router

from headwater.core.paging import Cursor, Limit, opened, sealed

from .. import actions, queries, registry, rules
from ..models import Company
from .schemas import CompanyChange, CompanyIn, CompanyOut, CompanyPage, Words, actor_of, sent

router = Router(tags=["people"])


def _company(pk: int) -> Company:
    found = Company.objects.select_related("owner").filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


@router.get("/companies", response=CompanyPage, summary="Search and list companies")
def list_companies(
    request: HttpRequest, q: Words = "", cursor: Cursor = "", limit: Limit = 50, sort: str = "name", band: str = ""
) -> dict[str, Any]:
    """`sort`: name or score (highest first). `band`: a band of the lead score, as the company's people add up to it."""
    if sort != "name" and sort not in registry.company_sorts:
        raise rules.Invalid({"sort": "There is no such order."})
    order = "" if sort == "name" else sort
    if band:
        try:
            registry.company_filters["band"].condition(band)
        except (KeyError, ValueError) as error:
            raise rules.Invalid({"band": "This value cannot be filtered by."}) from error
    name = f"companies.{sort}" if order else "companies"
    filters = (("band", band),) if band else ()
    place = opened(name, cursor)
    found, following = queries.companies(q=q.replace("\0", ""), after=place, limit=limit, sort=order, filters=filters)
    return {"items": found, "next": sealed(name, following)}


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
