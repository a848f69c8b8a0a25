"""Sites, forms and submissions over the API; `headwater api` runs the same operations. Events have the collector."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.errors import HttpError

from headwater.core.paging import Cursor, Limit, Next, opened, sealed
from headwater.people.rules import country_code

from . import actions, queries
from .models import Asset, Form, Site

router = Router(tags=["capture"])


@contextmanager
def refusals() -> Iterator[None]:
    """What an action refuses, as an answer: 404 for what is not there, 422 for the rest."""
    try:
        yield
    except ObjectDoesNotExist as error:
        raise HttpError(404, str(error)) from error
    except ValueError as error:
        raise HttpError(422, str(error)) from error


class SiteOut(Schema):
    id: int
    name: str
    public_key: str
    allowed_origins: list[str]
    active: bool
    count_automated: bool
    push: bool
    push_prompt: dict[str, Any]
    events: int
    bot_events: int
    last_event_at: datetime | None


class SiteIn(Schema):
    name: str
    allowed_origins: list[str] = []
    count_automated: bool = False


class SitePatch(Schema):
    name: str | None = None
    allowed_origins: list[str] | None = None
    active: bool | None = None
    count_automated: bool | None = None
    #: Does the site offer push messages, and how it asks: title, text, yes, no, pages, again, worker
    push: bool | None = None
    push_prompt: dict[str, Any] | None = None


class FormOut(Schema):
    id: int
    name: str
    slug: str
    title: str
    fields: list[dict[str, Any]]
    consent_text: str
    consent_version: int
    consent_required: bool
    sms_consent_text: str
    sms_consent_version: int
    sms_consent_required: bool
    country: str
    thanks: str
    asset_id: int | None
    tags: list[str]
    active: bool


class FormIn(Schema):
    name: str
    fields: list[dict[str, Any]]
    slug: str = ""
    title: str = ""
    intro: str = ""
    button: str = ""
    consent_text: str = ""
    consent_required: bool = False
    sms_consent_text: str = ""
    sms_consent_required: bool = False
    #: Of numbers without a country code, by code or name; "": the visitor's
    country: str = ""
    thanks: str = "message"
    thanks_message: str = ""
    redirect_url: str = ""
    asset_id: int | None = None
    tags: list[str] = []
    active: bool = True


class FormPatch(Schema):
    name: str | None = None
    fields: list[dict[str, Any]] | None = None
    title: str | None = None
    intro: str | None = None
    button: str | None = None
    consent_text: str | None = None
    consent_required: bool | None = None
    sms_consent_text: str | None = None
    sms_consent_required: bool | None = None
    country: str | None = None
    thanks_message: str | None = None
    tags: list[str] | None = None
    active: bool | None = None


class SubmissionIn(Schema):
    answers: dict[str, Any]
    consent: bool = False
    #: To texts, where the form asks for it
    consent_sms: bool = False
    visitor: str = ""
    country: str = ""
    url: str = ""
    #: The same key again is the same submission
    key: str = ""


class SubmissionOut(Schema):
    id: UUID
    person_id: int
    at: datetime
    data: dict[str, Any]
    utm: dict[str, Any]
    url: str
    consent: dict[str, Any]


class Submissions(Schema):
    items: list[SubmissionOut]
    next: Next


class Accepted(Schema):
    id: UUID
    person_id: int
    link: str


class AssetOut(Schema):
    id: int
    name: str
    file_name: str
    size: int
    downloads: int
    active: bool


@router.get("/sites", response=list[SiteOut])
def list_sites(request: HttpRequest) -> Any:
    return queries.sites()


@router.post("/sites", response={201: SiteOut})
def create_site(request: HttpRequest, data: SiteIn) -> Any:
    with refusals():
        return 201, actions.create_site(actor=request.actor, **data.dict())  # type: ignore[attr-defined]


@router.patch("/sites/{site_id}", response=SiteOut)
def change_site(request: HttpRequest, site_id: int, data: SitePatch) -> Any:
    changes = {k: v for k, v in data.dict(exclude_unset=True).items() if v is not None}
    with refusals():
        return actions.update_site(site_id, actor=request.actor, **changes)  # type: ignore[attr-defined]


@router.get("/sites/{site_id}", response=SiteOut)
def read_site(request: HttpRequest, site_id: int) -> Any:
    return get_object_or_404(Site, pk=site_id)


@router.get("/forms", response=list[FormOut])
def list_forms(request: HttpRequest) -> Any:
    return [row.form for row in queries.forms()]


@router.post("/forms", response={201: FormOut})
def create_form(request: HttpRequest, data: FormIn) -> Any:
    _asset(data.asset_id)
    with refusals():
        return 201, actions.create_form(actor=request.actor, **data.dict())  # type: ignore[attr-defined]


@router.get("/forms/{form_id}", response=FormOut)
def read_form(request: HttpRequest, form_id: int) -> Any:
    return get_object_or_404(Form, pk=form_id)


@router.patch("/forms/{form_id}", response=FormOut)
def change_form(request: HttpRequest, form_id: int, data: FormPatch) -> Any:
    changes = {k: v for k, v in data.dict(exclude_unset=True).items() if v is not None}
    with refusals():
        return actions.update_form(form_id, actor=request.actor, **changes)  # type: ignore[attr-defined]


@router.get("/forms/{form_id}/submissions", response=Submissions)
def list_submissions(request: HttpRequest, form_id: int, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """What was sent in by this form, the newest first."""
    form = get_object_or_404(Form, pk=form_id)
    with refusals():
        rows = queries.submissions(form, before=opened("submissions", cursor), limit=limit + 1)
    following = rows[limit - 1].cursor if len(rows) > limit else ""
    return {"items": [row.submission for row in rows[:limit]], "next": sealed("submissions", following)}


@router.post("/forms/{form_id}/submissions", response={201: Accepted})
def submit(request: HttpRequest, form_id: int, data: SubmissionIn) -> Any:
    """Take a submission in as the hosted page does, without its spam traps."""
    form = get_object_or_404(Form.objects.select_related("asset"), pk=form_id)
    said = data.dict(exclude={"answers"})
    sent = actions.Submission(**{**said, "country": country_code(data.country.strip())})
    with refusals():
        return 201, actions.submit_form(form, data.answers, sent=sent, actor=request.actor)  # type: ignore[attr-defined]


@router.get("/assets", response=list[AssetOut])
def list_assets(request: HttpRequest) -> Any:
    return queries.assets()


def _asset(asset_id: int | None) -> None:
    if asset_id is not None and not Asset.objects.filter(pk=asset_id).exists():
        raise HttpError(422, "asset_id: there is no such asset")
