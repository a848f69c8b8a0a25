"""What the calls of all channels share: who calls, what a message is asked with, what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from ninja.errors import HttpError
from pydantic import Field

from .. import actions


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


def sent(
    request: HttpRequest, body: MailIn, queue: Callable[[Sequence[actions.MailRequest]], list[actions.Outcome]]
) -> dict[str, Any]:
    """Queue what a call asks for: its outcome. Raises HttpError where there is no such person or template."""
    outcome = queue([_request_of(request, body)])[0]
    if outcome.refused in ("no_person", "no_template"):
        raise HttpError(404, "There is no such " + outcome.refused.removeprefix("no_") + ".")
    return asdict(outcome)


def _request_of(request: HttpRequest, body: MailIn) -> actions.MailRequest:
    if body.at is not None and body.at.tzinfo is None:
        raise HttpError(422, "`at` needs a time zone: 2026-11-02T09:30:00Z")
    return actions.MailRequest(
        person_id=body.person_id,
        template_id=body.template_id,
        key=f"api:{body.key}"[:200],
        actor=actor_of(request),
        purpose=body.purpose,
        at=body.at,
        context=body.context,
    )


def actor_of(request: HttpRequest) -> str:
    """Who calls."""
    return str(getattr(request, "actor", "system"))
