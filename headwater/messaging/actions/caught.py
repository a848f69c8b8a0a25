"""Keeping what the demo's SMTP server received, its own provider of texts, and its own push service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from headwater.core import clock, wake

from ..models import CaughtMail, Channel


@transaction.atomic
def keep(
    *, mail_from: str, rcpt_to: str, subject: str, header_id: str, raw: bytes, received_at: datetime, limit: int
) -> None:
    """Keep a mail, and no more than `limit` of them."""
    row = CaughtMail.objects.create(
        mail_from=mail_from[:254],
        rcpt_to=rcpt_to[:254],
        subject=subject[:300],
        header_id=header_id[:160],
        raw=raw,
        received_at=received_at,
    )
    CaughtMail.objects.filter(pk__lte=row.pk - limit).delete()
    wake.publish("mail", "inbox")


@transaction.atomic
def keep_text(*, sender: str, number: str, text: str, provider_id: str, received_at: datetime, limit: int) -> None:
    """Keep a text that the demo's own provider was given, among the mails."""
    row = CaughtMail.objects.create(
        channel=Channel.SMS,
        mail_from=sender[:254],
        rcpt_to=number[:254],
        subject=" ".join(text.split())[:300],
        header_id=provider_id[:160],
        raw=text.encode(),
        received_at=received_at,
    )
    CaughtMail.objects.filter(pk__lte=row.pk - limit).delete()
    wake.publish("mail", "inbox")


@transaction.atomic
def keep_push(*, browser: UUID, said: Mapping[str, str], received_at: datetime, limit: int) -> None:
    """Keep a push message that a browser of the demo was given. The same one again takes the place of the first, as it
    does on a screen."""
    where, message = f"browser {browser.hex[:8]}", str(said.get("id", ""))[:160]
    CaughtMail.objects.filter(channel=Channel.PUSH, rcpt_to=where, header_id=message).delete()
    row = CaughtMail.objects.create(
        channel=Channel.PUSH,
        mail_from="",
        rcpt_to=where,
        subject=str(said.get("t", ""))[:300],
        header_id=message,
        raw=json.dumps(dict(said)).encode(),
        received_at=received_at,
    )
    CaughtMail.objects.filter(pk__lte=row.pk - limit).delete()
    wake.publish("mail", "inbox")


def texts_to(number: str) -> list[tuple[str, str]]:
    """(the provider's id, the text) of what was sent to a number, newest first."""
    rows = CaughtMail.objects.filter(channel=Channel.SMS, rcpt_to=number).order_by("-id")[:50]
    return [(row.header_id, bytes(row.raw).decode("utf-8", "replace")) for row in rows]


def mark_seen(caught_id: int) -> None:
    """Somebody has looked at it."""
    CaughtMail.objects.filter(pk=caught_id, seen_at__isnull=True).update(seen_at=clock.now())
