"""Mails over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from headwater.core.paging import Cursor, Limit, Next, opened, sealed

from .. import actions
from ..models import Message
from ..queries import ledger
from .calls import MailIn, OutcomeOut, actor_of, sent

router = Router(tags=["mail"])


class MailOut(Schema):
    id: UUID
    person_id: int
    template_id: int
    version: int
    purpose: str
    channel: str
    email: str = Field(description="Where it went: of a text the number, of a push message nothing.")
    subject: str = Field(description="Of a text: what it said; of a push message: its title.")
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
    delivered_at: datetime | None = Field(
        description="Her telephone has the text; a browser has shown the push message."
    )
    replied_at: datetime | None
    segments: int = Field(description="Parts of a text; browsers whose services took the push message.")


class MailsOut(Schema):
    items: list[MailOut]
    next: Next


class MailFilter(Schema):
    status: str = ""
    channel: Literal["", "email", "sms", "push"] = ""
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


@router.post("/mails", response={202: OutcomeOut}, summary="Send a mail to a person")
def send_mail(request: HttpRequest, body: MailIn) -> Any:
    """202 with the outcome: `refused` is null where the mail is on its way, else the reason why not."""
    return 202, sent(request, body, actions.queue)


@router.post("/texts", response={202: OutcomeOut}, summary="Send a text (SMS) to a person")
def send_text(request: HttpRequest, body: MailIn) -> Any:
    """As POST /mails, of a text's template. 202 with the outcome: `refused` is null, or the reason why not."""
    return 202, sent(request, body, actions.queue_texts)


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
    new = actions.record_feedback(known, actor=actor_of(request))
    return {"new": new, "unknown": [n for n, (row, _) in enumerate(found) if row is None]}


def _named(item: FeedbackIn) -> Message | None:
    if item.person_id is not None and item.message_id is not None:
        return ledger.message(item.person_id, item.message_id)
    return ledger.by_header(item.header_id) if item.header_id else None
