"""The list of addresses that must not be written to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from headwater.accounts.actions import audit
from headwater.core import clock

from ..models import Suppression
from ..rules.tokens import email_digest, masked

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


@transaction.atomic
def suppress(email: str, *, reason: str, detail: str = "", actor: str) -> None:
    """Add one address by hand or for a complaint. Where that changes nothing, the audit log gets no entry."""
    listed = Suppression.objects.filter(digest=email_digest(email), reason=reason)
    known = listed.exists()
    suppress_many([(email, reason, detail)])
    if not known and listed.exists():
        audit("mail.suppressed", masked(email), actor=actor, after={"reason": reason})


@transaction.atomic
def release(email: str, *, actor: str) -> bool:
    """Take one address off the list by hand, whatever put it there. False: it was not on it."""
    row = Suppression.objects.select_for_update().filter(digest=email_digest(email)).first()
    if row is None:
        return False
    row.delete()
    audit("mail.released", masked(email), actor=actor, before={"reason": row.reason})
    return True


def lift(emails: Sequence[str], *, reasons: Sequence[str]) -> None:
    """Take addresses off the list where they stand there for one of these reasons (she has consented again)."""
    Suppression.objects.filter(digest__in=[email_digest(e) for e in emails if e], reason__in=list(reasons)).delete()
