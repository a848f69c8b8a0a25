"""Mails over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from headwater.content.rules import TemplateProblem
from headwater.core.paging import Cursor, Limit, Next, opened, sealed

from . import actions, queries
from .models import MailTemplate, Message
from .queries import ledger

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


class MailIn(Schema):
    """person_id and template_id; key: your own name for this mail, so that asking twice sends once."""

    person_id: int
    template_id: int
    key: str = Field(min_length=1, max_length=200)
    purpose: Literal["marketing", "transactional"] | None = None
    at: datetime | None = None
    context: dict[str, Any] = {}


class OutcomeOut(Schema):
    person_id: int
    message_id: UUID | None
    refused: str | None


class MailOut(Schema):
    id: UUID
    person_id: int
    template_id: int
    version: int
    purpose: str
    channel: str
    email: str = Field(description="Where it went: of a text the number.")
    subject: str = Field(description="Of a text: what it said.")
    status: str
    reason: str
    error: str
    attempts: int
    uncertain: bool
    queued_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    opens: int
    clicked_at: datetime | None
    clicks: int
    bounced_at: datetime | None
    complained_at: datetime | None
    unsubscribed_at: datetime | None
    delivered_at: datetime | None
    replied_at: datetime | None
    segments: int


class MailsOut(Schema):
    items: list[MailOut]
    next: Next


class MailFilter(Schema):
    status: str = ""
    channel: Literal["", "email", "sms"] = ""
    template_id: int | None = None
    person_id: int | None = None
    cursor: Cursor = ""
    limit: Limit = 50


class FeedbackIn(Schema):
    """A provider's word on a message: its id with the person, or the Message-ID header."""

    event: Literal["bounce", "soft_bounce", "complaint"]
    header_id: str = ""
    person_id: int | None = None
    message_id: UUID | None = None
    words: str = Field("", max_length=500)


class FeedbackOut(Schema):
    new: int
    unknown: list[int] = Field(description="Positions of items that name no message of ours.")


@router.get("/templates", response=list[TemplateOut], summary="Templates of mails and texts")
def list_templates(request: HttpRequest, archived: bool = False, channel: Literal["", "email", "sms"] = "") -> Any:
    return queries.templates(archived=archived, channel=channel)


@router.post("/templates", response={201: TemplateOut}, summary="Create a mail template")
def create_template(request: HttpRequest, body: TemplateIn) -> Any:
    try:
        made = actions.create_template(name=body.name, purpose=body.purpose, says=body.says(), actor=_actor(request))
    except TemplateProblem as problem:
        raise HttpError(422, str(problem)) from problem
    return 201, made


@router.get("/templates/{int:template_id}", response=TemplateFull, summary="One template with its text")
def read_template(request: HttpRequest, template_id: int) -> Any:
    row = queries.current(template_id)
    if row is None or row.template.channel != "email":
        raise HttpError(404, "There is no such template.")
    names = ("subject", "preview", "mjml", "text_override", "from_name", "from_address", "reply_to")
    return {**_head(row.template), **{n: getattr(row, n) for n in names}}


@router.put("/templates/{int:template_id}", response=TemplateOut, summary="Change a template (a new version)")
def change_template(request: HttpRequest, template_id: int, body: TemplateIn) -> Any:
    try:
        return actions.update_template(
            template_id, name=body.name, purpose=body.purpose, says=body.says(), actor=_actor(request)
        )
    except MailTemplate.DoesNotExist:
        raise HttpError(404, "There is no such template.") from None
    except TemplateProblem as problem:
        raise HttpError(422, str(problem)) from problem


@router.post("/text-templates", response={201: TemplateOut}, summary="Create a template of a text (SMS)")
def create_text(request: HttpRequest, body: TextIn) -> Any:
    try:
        made = actions.create_template(name=body.name, purpose=body.purpose, says=body.says(), actor=_actor(request))
    except TemplateProblem as problem:
        raise HttpError(422, str(problem)) from problem
    return 201, made


@router.get("/text-templates/{int:template_id}", response=TextFull, summary="One text with what it says")
def read_text(request: HttpRequest, template_id: int) -> Any:
    row = queries.current(template_id)
    says = actions.says_of(row) if row else None
    if row is None or not isinstance(says, actions.SmsText):
        raise HttpError(404, "There is no such template.")
    return {**_head(row.template), "body": says.body, "sender": says.sender, "opt_out": says.opt_out}


@router.put("/text-templates/{int:template_id}", response=TemplateOut, summary="Change a text (a new version)")
def change_text(request: HttpRequest, template_id: int, body: TextIn) -> Any:
    try:
        return actions.update_template(
            template_id, name=body.name, purpose=body.purpose, says=body.says(), actor=_actor(request)
        )
    except MailTemplate.DoesNotExist:
        raise HttpError(404, "There is no such template.") from None
    except TemplateProblem as problem:
        raise HttpError(422, str(problem)) from problem


@router.delete("/templates/{int:template_id}", response={204: None}, summary="Archive a template")
def archive_template(request: HttpRequest, template_id: int) -> Any:
    try:
        actions.archive_template(template_id, actor=_actor(request))
    except MailTemplate.DoesNotExist:
        raise HttpError(404, "There is no such template.") from None
    except actions.InUse as problem:
        raise HttpError(409, f"This template is sent by {problem}; take it out there first.") from problem
    return 204, None


@router.post("/templates/{int:template_id}/restore", response=TemplateOut, summary="Bring an archived template back")
def restore_template(request: HttpRequest, template_id: int) -> Any:
    try:
        return actions.restore_template(template_id, actor=_actor(request))
    except MailTemplate.DoesNotExist:
        raise HttpError(404, "There is no such template.") from None


@router.get("/templates/{int:template_id}/results", response=ResultsOut, summary="What its mails led to")
def template_results(request: HttpRequest, template_id: int, since: datetime | None = None) -> Any:
    return asdict(queries.results([template_id], since).get(template_id, queries.Results()))


@router.post("/mails", response={202: OutcomeOut}, summary="Send a mail to a person")
def send_mail(request: HttpRequest, body: MailIn) -> Any:
    """202 with the outcome: `refused` is null where the mail is on its way, else the reason why not."""
    outcome = actions.queue([_request(request, body)])[0]
    if outcome.refused in ("no_person", "no_template"):
        raise HttpError(404, "There is no such " + outcome.refused.removeprefix("no_") + ".")
    return 202, asdict(outcome)


@router.post("/texts", response={202: OutcomeOut}, summary="Send a text (SMS) to a person")
def send_text(request: HttpRequest, body: MailIn) -> Any:
    """As POST /mails, of a text's template. 202 with the outcome: `refused` is null, or the reason why not."""
    outcome = actions.queue_texts([_request(request, body)])[0]
    if outcome.refused in ("no_person", "no_template"):
        raise HttpError(404, "There is no such " + outcome.refused.removeprefix("no_") + ".")
    return 202, asdict(outcome)


@router.get("/mails", response=MailsOut, summary="The ledger, newest first")
def list_mails(request: HttpRequest, query: Query[MailFilter]) -> Any:
    try:
        lines = ledger.ledger(
            status=query.status,
            channel=query.channel,
            template_id=query.template_id,
            person_id=query.person_id,
            before=opened("mails", query.cursor),
            limit=query.limit + 1,
        )
    except ValueError as error:
        raise HttpError(422, str(error)) from error
    shown = lines[: query.limit]
    following = shown[-1].cursor if len(lines) > query.limit else ""
    return {"items": [line.message for line in shown], "next": sealed("mails", following)}


@router.get("/mails/{int:person_id}/{uuid:message_id}", response=MailOut, summary="One mail with its fate")
def read_mail(request: HttpRequest, person_id: int, message_id: UUID) -> Any:
    row = ledger.message(person_id, message_id)
    if row is None:
        raise HttpError(404, "There is no such mail.")
    return row


@router.post("/mails/feedback", response=FeedbackOut, summary="Bounces and complaints from a provider")
def provider_callback(request: HttpRequest, body: list[FeedbackIn]) -> Any:
    """Marks the ledger; telling the same thing twice changes nothing. At most 1,000 items."""
    if len(body) > 1000:
        raise HttpError(422, "At most 1,000 items at once.")
    found = [(_named(item), item) for item in body]
    known = [
        actions.Feedback(event=item.event, message_id=row.id, person_id=row.person_id, words=item.words)
        for row, item in found
        if row is not None
    ]
    new = actions.record_feedback(known, actor=_actor(request))
    return {"new": new, "unknown": [n for n, (row, _) in enumerate(found) if row is None]}


def _head(template: MailTemplate) -> dict[str, Any]:
    names = ("id", "name", "channel", "purpose", "version", "updated_at", "archived_at")
    return {n: getattr(template, n) for n in names}


def _request(request: HttpRequest, body: MailIn) -> actions.MailRequest:
    if body.at is not None and body.at.tzinfo is None:
        raise HttpError(422, "`at` needs a time zone: 2026-11-02T09:30:00Z")
    return actions.MailRequest(
        person_id=body.person_id,
        template_id=body.template_id,
        key=f"api:{body.key}"[:200],
        actor=_actor(request),
        purpose=body.purpose,
        at=body.at,
        context=body.context,
    )


def _named(item: FeedbackIn) -> Message | None:
    if item.person_id is not None and item.message_id is not None:
        return ledger.message(item.person_id, item.message_id)
    return ledger.by_header(item.header_id) if item.header_id else None


def _actor(request: HttpRequest) -> str:
    return str(getattr(request, "actor", "system"))
