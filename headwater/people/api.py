"""Contacts and companies over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema
from pydantic import ConfigDict

from headwater.timeline import queries as log

from . import actions, queries, registry, rules
from .actions import Identity
from .models import Company, Contact

router = Router(tags=["people"])
Limit = Annotated[int, Field(ge=1, le=200)]
Words = Annotated[str, Field(max_length=100)]


class Given(Schema):
    """A body whose unknown fields are refused by name, not dropped in silence."""

    model_config = ConfigDict(extra="forbid")


class ContactFields(Given):
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    phone: str | None = None
    job_title: str | None = None
    company: str | None = Field(None, description="A name; the company is found or made")
    company_id: int | None = None
    country: str | None = Field(None, description="Two letters, such as DE")
    city: str | None = None
    region: str | None = None
    language: str | None = None
    time_zone: str | None = Field(None, description="Such as Europe/Berlin")
    gender: str | None = None
    birthday: date | None = None
    renewal_date: date | None = None
    customer_since: date | None = None
    stage: str | None = None
    owner_id: int | None = None
    tags: list[str] | None = None
    custom: dict[str, Any] | None = None


class ContactIn(ContactFields):
    email: str | None = None


class ContactUpsert(ContactFields):
    email: str = ""
    external_id: str = Field("", max_length=200, description="The contact's id in another system, such as shop:4711")
    visitor_id: int | None = Field(None, ge=0, lt=2**63, description="The browser that she uses")
    overwrite: bool = Field(False, description="Replace what the contact has; otherwise only empty fields are filled")


class Ref(Schema):
    id: int
    name: str


class ContactOut(Schema):
    id: int
    email: str
    name: str
    first_name: str
    last_name: str
    phone: str
    job_title: str
    company: Ref | None
    owner: Ref | None
    country: str
    city: str
    region: str
    language: str
    time_zone: str
    gender: str
    birthday: date | None
    renewal_date: date | None
    customer_since: date | None
    stage: str
    stage_at: datetime
    tags: list[str]
    custom: dict[str, Any]
    origin: dict[str, Any]
    last_seen_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ContactPage(Schema):
    items: list[ContactOut]
    next: str = Field(description="Pass it as `cursor`; empty at the end")


class FactOut(Schema):
    id: str
    person_id: int
    kind: str
    at: datetime
    actor: str
    data: dict[str, Any]


class FactPage(Schema):
    items: list[FactOut]
    next: str


class TagsIn(Given):
    add: list[str] = []
    remove: list[str] = []


class StageIn(Given):
    stage: str
    reason: str = Field("", max_length=500)


class ConsentIn(Given):
    channel: str
    state: str
    topic: str = Field("", max_length=40)
    proof: dict[str, Any] = {}


class ConsentOut(Schema):
    channel: str
    topic: str
    state: str
    at: datetime
    proof: dict[str, Any]


class CompanyFields(Given):
    domain: str | None = None
    industry: str | None = None
    size: str | None = None
    country: str | None = None
    city: str | None = None
    phone: str | None = None
    website: str | None = None
    roles: list[str] | None = None
    owner_id: int | None = None
    custom: dict[str, Any] | None = None


class CompanyIn(CompanyFields):
    name: str


class CompanyChange(CompanyFields):
    name: str | None = None


class CompanyOut(Schema):
    id: int
    name: str
    domain: str
    industry: str
    size: str
    country: str
    city: str
    phone: str
    website: str
    roles: list[str]
    owner: Ref | None
    custom: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class CompanyPage(Schema):
    items: list[CompanyOut]
    next: str


def _actor(request: HttpRequest) -> str:
    return str(getattr(request, "actor", "system"))


def _sent(body: Schema, *left_out: str) -> dict[str, Any]:
    """The fields that the caller sent; null empties a field."""
    return {k: v for k, v in body.dict(exclude_unset=True).items() if k not in left_out}


def _contact(pk: int) -> Contact:
    found = queries.contacts([pk]).get(pk) if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def _company(pk: int) -> Company:
    found = Company.objects.select_related("owner").filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


@router.get("/contacts", response=ContactPage, summary="Search and list contacts")
def list_contacts(
    request: HttpRequest,
    q: Words = "",
    cursor: str = "",
    sort: str = "created",
    way: Literal["", "asc", "desc"] = "",
    limit: Limit = 50,
    stage: str = "",
    owner: str = "",
    tag: str = "",
) -> dict[str, Any]:
    """`q` searches name, e-mail, company and telephone. `owner`: a user's id, or `none`. `sort`: created, name,
    seen, score."""
    if sort not in registry.sorts:
        raise rules.Invalid({"sort": "There is no such order."})
    given: Mapping[str, str] = {"stage": stage, "owner": owner, "tag": tag}
    for name, value in given.items():
        try:
            registry.filters[name].condition(value) if value else None
        except ValueError as error:
            raise rules.Invalid({name: "This value cannot be filtered by."}) from error
    filters = tuple((name, value) for name, value in given.items() if value)
    listing = queries.Listing(q.replace("\0", ""), filters, sort, {"asc": False, "desc": True}.get(way))
    page = queries.page(listing, cursor, limit)
    found = queries.contacts([row.id for row in page.rows])
    return {"items": [found[row.id] for row in page.rows if row.id in found], "next": page.next}


@router.post("/contacts", response={201: ContactOut}, summary="Create a contact")
def create_contact(request: HttpRequest, body: ContactIn) -> tuple[int, Contact]:
    """Refused with 422 where the address belongs to somebody; `PUT /contacts` finds or makes."""
    contact = actions.create_contact(actor=_actor(request), source="API", **_sent(body))
    return 201, _contact(contact.pk)


@router.put("/contacts", response=ContactOut, summary="Find or make a contact")
def upsert_contact(request: HttpRequest, body: ContactUpsert) -> Contact:
    """By e-mail address or external id. Repeating it changes nothing. A visitor's past joins the contact."""
    fields = _sent(body, "email", "external_id", "visitor_id", "overwrite")
    item = Identity(
        email=body.email,
        external_id=body.external_id,
        visitor_id=body.visitor_id,
        overwrite=body.overwrite,
        fields=fields,
        actor=_actor(request),
        source="API",
    )
    return _contact(actions.identify([item])[0])


@router.get("/contacts/{int:pk}", response=ContactOut, summary="One contact")
def get_contact(request: HttpRequest, pk: int) -> Contact:
    return _contact(pk)


@router.patch("/contacts/{int:pk}", response=ContactOut, summary="Change a contact")
def change_contact(request: HttpRequest, pk: int, body: ContactIn) -> Contact:
    """Only the fields that are sent change; null empties one. `tags` is the whole list."""
    _contact(pk)
    actions.update_contact(pk, actor=_actor(request), **_sent(body))
    return _contact(pk)


@router.post("/contacts/{int:pk}/tags", response=ContactOut, summary="Add and remove tags")
def change_tags(request: HttpRequest, pk: int, body: TagsIn) -> Contact:
    _contact(pk)
    actions.add_tags([pk], body.add, actor=_actor(request))
    actions.remove_tags([pk], body.remove, actor=_actor(request))
    return _contact(pk)


@router.post("/contacts/{int:pk}/stage", response=ContactOut, summary="Move to a lifecycle stage")
def change_stage(request: HttpRequest, pk: int, body: StageIn) -> Contact:
    _contact(pk)
    actions.set_stage([pk], body.stage, reason=body.reason, actor=_actor(request))
    return _contact(pk)


@router.get("/contacts/{int:pk}/consent", response=list[ConsentOut], summary="What she agreed to")
def get_consent(request: HttpRequest, pk: int) -> Any:
    _contact(pk)
    return queries.consents(pk)


@router.post("/contacts/{int:pk}/consent", response=list[ConsentOut], summary="Keep consent with its proof")
def change_consent(request: HttpRequest, pk: int, body: ConsentIn) -> Any:
    _contact(pk)
    proof = {"source": "API", **body.proof}
    actions.set_consent(pk, body.channel, body.state, topic=body.topic, proof=proof, actor=_actor(request))
    return queries.consents(pk)


@router.get("/contacts/{int:pk}/timeline", response=FactPage, summary="What happened, newest first")
def get_timeline(request: HttpRequest, pk: int, cursor: str = "", kind: str = "", limit: Limit = 50) -> dict[str, Any]:
    """`kind`: only these, separated by commas."""
    _contact(pk)
    kinds = [k.strip() for k in kind.split(",") if k.strip()] or None
    entries = log.read(pk, before=cursor, limit=limit + 1, kinds=kinds, quiet=True)
    items = [
        {"id": str(e.id), "person_id": e.person_id, "kind": e.kind, "at": e.at, "actor": e.actor, "data": e.data}
        for e in entries[:limit]
    ]
    return {"items": items, "next": entries[limit - 1].cursor if len(entries) > limit else ""}


@router.get("/companies", response=CompanyPage, summary="Search and list companies")
def list_companies(request: HttpRequest, q: Words = "", cursor: str = "", limit: Limit = 50) -> dict[str, Any]:
    found, following = queries.companies(q=q.replace("\0", ""), after=cursor.replace("\0", ""), limit=limit)
    return {"items": found, "next": following}


@router.post("/companies", response={201: CompanyOut}, summary="Create a company")
def create_company(request: HttpRequest, body: CompanyIn) -> tuple[int, Company]:
    made = actions.create_company(actor=_actor(request), **_sent(body))
    return 201, _company(made.pk)


@router.get("/companies/{int:pk}", response=CompanyOut, summary="One company")
def get_company(request: HttpRequest, pk: int) -> Company:
    return _company(pk)


@router.patch("/companies/{int:pk}", response=CompanyOut, summary="Change a company")
def change_company(request: HttpRequest, pk: int, body: CompanyChange) -> Company:
    _company(pk)
    actions.update_company(pk, actor=_actor(request), **_sent(body))
    return _company(pk)
