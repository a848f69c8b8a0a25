"""The list of addresses that must not be written to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from headwater.core import clock

from ..models import Suppression
from ..rules.tokens import email_digest

#: A reason that blocks everything is never weakened by one that blocks marketing only.
_STRONG = ("bounce", "manual", "erased")


def suppress_many(items: Sequence[tuple[str, str, str]], *, at: datetime | None = None) -> None:
    """Add addresses: (email, reason, detail). An address that is there keeps the stronger reason."""
    rows = {email_digest(email): (reason, detail[:300]) for email, reason, detail in items if email}
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_suppression (digest, reason, detail, at) "
            "SELECT d, r, t, %s FROM unnest(%s::text[], %s::text[], %s::text[]) AS n(d, r, t) "
            "ON CONFLICT (digest) DO UPDATE SET reason = excluded.reason, detail = excluded.detail, at = excluded.at "
            "WHERE messaging_suppression.reason <> ALL(%s)",
            [
                at or clock.now(),
                list(rows),
                [r for r, _ in rows.values()],
                [d for _, d in rows.values()],
                list(_STRONG),
            ],
        )


def suppress(email: str, *, reason: str, detail: str = "", actor: str) -> None:
    """Add one address by hand or for a complaint."""
    suppress_many([(email, reason, detail)])


def lift(emails: Sequence[str], *, reasons: Sequence[str]) -> None:
    """Take addresses off the list where they stand there for one of these reasons (she has consented again)."""
    Suppression.objects.filter(digest__in=[email_digest(e) for e in emails if e], reason__in=list(reasons)).delete()
