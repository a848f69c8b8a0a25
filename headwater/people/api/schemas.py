"""What goes in and out of the API of people."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Schema
from pydantic import ConfigDict

from headwater.core.paging import Next

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


class EmailOut(Schema):
    email: str
    main: bool


class ContactPage(Schema):
    items: list[ContactOut]
    next: Next


class FactOut(Schema):
    id: str
    person_id: int
    kind: str
    at: datetime
    actor: str
    data: dict[str, Any]


class FactPage(Schema):
    items: list[FactOut]
    next: Next


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
    next: Next


def actor_of(request: HttpRequest) -> str:
    return str(getattr(request, "actor", "system"))


def sent(body: Schema, *left_out: str) -> dict[str, Any]:
    """The fields that the caller sent; null empties a field."""
    return {k: v for k, v in body.dict(exclude_unset=True).items() if k not in left_out}
