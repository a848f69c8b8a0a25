"""Keeping what the demo's SMTP server received."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from headwater.core import clock, wake

from ..models import CaughtMail


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


def mark_seen(caught_id: int) -> None:
    """Somebody has looked at it."""
    CaughtMail.objects.filter(pk=caught_id, seen_at__isnull=True).update(seen_at=clock.now())
