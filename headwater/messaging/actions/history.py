"""Mails of the past, in bulk, for sample data and imports: ledger rows only, nothing is sent and no fact recorded."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from ..channels import pushcatcher
from ..models import PushDevice
from ..rules.tokens import email_digest
from ..rules.webpush import browser_id


@dataclass(frozen=True, slots=True)
class MessageSeed:
    """A mail (a text) that was sent, or was not. status "sent", "bounced" (its address is suppressed) or "refused",
    with why."""

    person_id: int
    id: uuid.UUID
    key: str
    template_id: int
    version: int
    subject: str
    email: str  # of a text the number
    sent_at: datetime
    actor: str = "system"
    purpose: str = "marketing"
    status: str = "sent"
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    refused: str = ""
    channel: str = "email"
    delivered_at: datetime | None = None
    replied_at: datetime | None = None
    segments: int = 0


@dataclass(frozen=True, slots=True)
class BrowserSeed:
    """A browser that does not exist and takes push messages of the demo, or took them until its service gave it up."""

    number: uuid.UUID
    agent: str
    created_at: datetime
    visitor_id: int | None = None
    site_id: int | None = None
    proof: Mapping[str, Any] = field(default_factory=dict)
    gone_at: datetime | None = None

    @property
    def id(self) -> uuid.UUID:
        return browser_id(pushcatcher.made_up(self.number)[0])


def import_browsers(people: Sequence[tuple[int, BrowserSeed]]) -> None:
    """Copy such browsers in: (person, browser)."""
    rows = []
    for person, b in people:
        endpoint, p256dh, auth = pushcatcher.made_up(b.number)
        rows.append(
            PushDevice(
                person_id=person, id=b.id, endpoint=endpoint, p256dh=p256dh, auth=auth, agent=b.agent,
                visitor_id=b.visitor_id, site_id=b.site_id, proof=dict(b.proof), created_at=b.created_at,
                ended_at=b.gone_at, ended_why="gone" if b.gone_at else "",
                ended_words="410 push subscription has unsubscribed or expired." if b.gone_at else "",
            )
        )  # fmt: skip
    PushDevice.objects.bulk_create(rows, batch_size=1000)


@transaction.atomic
def import_messages(seeds: Sequence[MessageSeed]) -> None:
    """Copy mails into the ledger. Raises IntegrityError where one is there already."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY messaging_message (person_id, id, key, template_id, version, purpose, actor, email, subject, "
            "header_id, context, status, reason, error, attempts, uncertain, queued_at, sending_at, sent_at, "
            "opened_at, last_open_at, opens, clicked_at, last_click_at, clicks, scans, bounced_at, "
            "unsubscribed_at, channel, delivered_at, replied_at, segments) FROM STDIN"
        ) as copy,
    ):
        for s in seeds:
            bounced, tried = s.status == "bounced", s.status != "refused"
            copy.write_row(
                (s.person_id, s.id, s.key, s.template_id, s.version, s.purpose, s.actor, s.email, s.subject,
                 f"{s.id.hex}@northstar.example" if s.channel == "email" else "", "{}", s.status, s.refused,
                 "550 no such mailbox" if bounced else "", int(tried), False,
                 s.sent_at - timedelta(seconds=2) if tried else s.sent_at,
                 s.sent_at - timedelta(seconds=1) if tried else None, s.sent_at if tried else None, s.opened_at,
                 s.opened_at, int(s.opened_at is not None), s.clicked_at, s.clicked_at, int(s.clicked_at is not None),
                 0, s.sent_at if bounced else None, s.unsubscribed_at, s.channel, s.delivered_at,
                 s.replied_at, s.segments)
            )  # fmt: skip
    gone = {email_digest(s.email): s.sent_at for s in seeds if s.status == "bounced"}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_suppression (digest, reason, detail, at) SELECT d, 'bounce', '', a "
            "FROM unnest(%s::text[], %s::timestamptz[]) AS n(d, a) ON CONFLICT DO NOTHING",
            [list(gone), list(gone.values())],
        )
