"""Templates of messages over the API: what mails and texts say (push messages: `pushes`)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal, Protocol

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from headwater.content.rules import TemplateProblem

from .. import actions, queries
from ..models import MailTemplate
from .calls import actor_of

router = Router(tags=["mail"])


class TemplateIn(Schema):
    name: str = Field(min_length=1, max_length=160)
    purpose: Literal["marketing", "transactional"] = "marketing"
    subject: str = Field(min_length=1, max_length=300)
    mjml: str = Field(max_length=500_000)
    preview: str = Field("", max_length=300)
    text_override: str = Field("", max_length=200_000)
    from_name: str = Field("", max_length=120)
    from_address: str = Field("", max_length=254)
    reply_to: str = Field("", max_length=254)

    def says(self) -> actions.TemplateText:
        """What it says, without name and purpose."""
        return actions.TemplateText(**self.dict(exclude={"name", "purpose"}))


class TextIn(Schema):
    """A text (SMS). sender: a number or a name ("": the provider's own). opt_out: the last line of marketing texts."""

    name: str = Field(min_length=1, max_length=160)
    purpose: Literal["marketing", "transactional"] = "marketing"
    body: str = Field(min_length=1, max_length=5000)
    sender: str = Field("", max_length=20)
    opt_out: str = Field("", max_length=160)

    def says(self) -> actions.SmsText:
        """What it says, without name and purpose."""
        return actions.SmsText(self.body, self.sender, self.opt_out)


class TemplateOut(Schema):
    id: int
    name: str
    channel: str
    purpose: str
    version: int
    updated_at: datetime
    archived_at: datetime | None


class TemplateFull(TemplateOut):
    subject: str
    preview: str
    mjml: str
    text_override: str
    from_name: str
    from_address: str
    reply_to: str


class TextFull(TemplateOut):
    body: str
    sender: str
    opt_out: str


class ResultsOut(Schema):
    queued: int
    sent: int
    opened: int
    clicked: int
    bounced: int
    failed: int
    refused: int
    unsubscribed: int
    delivered: int
    replied: int


@router.get("/templates", response=list[TemplateOut], summary="Templates of mails, texts and push messages")
def list_templates(
    request: HttpRequest, archived: bool = False, channel: Literal["", "email", "sms", "push"] = ""
) -> Any:
    return queries.templates(archived=archived, channel=channel)


@router.post("/templates", response={201: TemplateOut}, summary="Create a mail template")
def create_template(request: HttpRequest, body: TemplateIn) -> Any:
    return 201, made(request, body)


@router.get("/templates/{int:template_id}", response=TemplateFull, summary="One template with its text")
def read_template(request: HttpRequest, template_id: int) -> Any:
    row = queries.current(template_id)
    if row is None or row.template.channel != "email":
        raise HttpError(404, "There is no such template.")
    names = ("subject", "preview", "mjml", "text_override", "from_name", "from_address", "reply_to")
    return {**head(row.template), **{n: getattr(row, n) for n in names}}


@router.put("/templates/{int:template_id}", response=TemplateOut, summary="Change a template (a new version)")
def change_template(request: HttpRequest, template_id: int, body: TemplateIn) -> Any:
    return changed(request, template_id, body)


@router.post("/text-templates", response={201: TemplateOut}, summary="Create a template of a text (SMS)")
def create_text(request: HttpRequest, body: TextIn) -> Any:
    return 201, made(request, body)


@router.get("/text-templates/{int:template_id}", response=TextFull, summary="One text with what it says")
def read_text(request: HttpRequest, template_id: int) -> Any:
    row = queries.current(template_id)
    says = actions.says_of(row) if row else None
    if row is None or not isinstance(says, actions.SmsText):
        raise HttpError(404, "There is no such template.")
    return {**head(row.template), "body": says.body, "sender": says.sender, "opt_out": says.opt_out}


@router.put("/text-templates/{int:template_id}", response=TemplateOut, summary="Change a text (a new version)")
def change_text(request: HttpRequest, template_id: int, body: TextIn) -> Any:
    return changed(request, template_id, body)


@router.delete("/templates/{int:template_id}", response={204: None}, summary="Archive a template")
def archive_template(request: HttpRequest, template_id: int) -> Any:
    try:
        actions.archive_template(template_id, actor=actor_of(request))
    except MailTemplate.DoesNotExist:
        raise HttpError(404, "There is no such template.") from None
    except actions.InUse as problem:
        raise HttpError(409, f"This template is sent by {problem}; take it out there first.") from problem
    return 204, None


@router.post("/templates/{int:template_id}/restore", response=TemplateOut, summary="Bring an archived template back")
def restore_template(request: HttpRequest, template_id: int) -> Any:
    try:
        return actions.restore_template(template_id, actor=actor_of(request))
    except MailTemplate.DoesNotExist:
        raise HttpError(404, "There is no such template.") from None


@router.get("/templates/{int:template_id}/results", response=ResultsOut, summary="What its mails led to")
def template_results(request: HttpRequest, template_id: int, since: datetime | None = None) -> Any:
    return asdict(queries.results([template_id], since).get(template_id, queries.Results()))


class Body(Protocol):
    """What a call says of a template, whatever its channel."""

    name: str
    purpose: Literal["marketing", "transactional"]

    def says(self) -> actions.Says: ...


def made(request: HttpRequest, body: Body) -> MailTemplate:
    """A new template. Raises HttpError."""
    try:
        return actions.create_template(name=body.name, purpose=body.purpose, says=body.says(), actor=actor_of(request))
    except TemplateProblem as problem:
        raise HttpError(422, str(problem)) from problem


def changed(request: HttpRequest, template_id: int, body: Body) -> MailTemplate:
    """A new version of a template. Raises HttpError."""
    try:
        return actions.update_template(
            template_id, name=body.name, purpose=body.purpose, says=body.says(), actor=actor_of(request)
        )
    except MailTemplate.DoesNotExist:
        raise HttpError(404, "There is no such template.") from None
    except TemplateProblem as problem:
        raise HttpError(422, str(problem)) from problem


def head(template: MailTemplate) -> dict[str, Any]:
    """A template without what it says."""
    names = ("id", "name", "channel", "purpose", "version", "updated_at", "archived_at")
    return {n: getattr(template, n) for n in names}
