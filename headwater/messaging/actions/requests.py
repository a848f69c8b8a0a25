"""What callers hand to `queue`, and what they get back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

PurposeName = Literal["marketing", "transactional"]


@dataclass(frozen=True, slots=True)
class MailRequest:
    """A mail to one person.

    key: makes it idempotent per person ("journey:5:run:77:step:3"). purpose: "marketing" needs consent; None: as the
    template says; a marketing template stays marketing whatever is asked. at: not before this moment (aware; None:
    now). context: more values for merge tags ({"event": {...}}), plain JSON, kept in the ledger.
    """

    person_id: int
    template_id: int
    key: str
    actor: str
    purpose: PurposeName | None = None
    at: datetime | None = None
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: `refused` is None where the mail is on its way.

    refused: "no_consent", "suppressed", "no_address", "no_person", "cap", "no_template", "template", or
    "missing_field:contact.first_name". Refusals have a ledger row, hence a message_id, too (not the ones for which
    there is no person or no template).
    """

    person_id: int
    message_id: UUID | None
    refused: str | None
