"""What may keep a message from being sent: consent, suppression, caps. Each for many people in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection

from headwater.core import clock
from headwater.core.prepared import Prepared
from headwater.people.queries import consent_states

from ..models import MailPolicy, Suppression
from ..rules.tokens import email_digest

#: Reasons that block marketing only; every other reason blocks all mail.
MARKETING_ONLY = ("unsubscribed", "complaint")
#: channel -> the row of its policy
POLICIES = {"email": 1, "sms": 2, "push": 3}


_policy = Prepared(lambda pk: MailPolicy.objects.filter(pk=pk))


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `mails` marketing messages of a channel in `days`."""

    mails: int
    days: int


def consenting(person_ids: Sequence[int], channel: str = "email") -> set[int]:
    """Who has granted mails (texts, ...) as a channel."""
    return {person for person, state in consent_states(person_ids, channel).items() if state == "granted"}


def suppressed(emails: Iterable[str]) -> dict[str, str]:
    """email -> why it must not be written to; addresses without a reason are left out."""
    digests = {email_digest(e): e for e in emails if e}
    if not digests:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, reason FROM messaging_suppression WHERE digest = ANY((SELECT %s::text[])::text[])",
            [list(digests)],
        )
        return {digests[d]: reason for d, reason in cursor.fetchall()}


def policy(channel: str = "email") -> Cap | None:
    """The frequency cap of a channel, or None where there is none."""
    row = _policy.first(POLICIES[channel])
    return Cap(row.cap_mails, row.cap_days) if row and row.cap_mails is not None else None


def recent_marketing(person_ids: Sequence[int], cap: Cap, channel: str = "email") -> dict[int, int]:
    """person id -> marketing messages of a channel sent or on their way within the cap's days."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, count(*) FROM messaging_message WHERE person_id = ANY(%s) AND queued_at > %s "
            "AND purpose = 'marketing' AND status IN ('queued', 'sending', 'sent') AND channel = %s GROUP BY person_id",
            [list(person_ids), clock.now() - timedelta(days=cap.days), channel],
        )
        return dict(cursor.fetchall())


def stopped(messages: Sequence[tuple[UUID, int, str, str]], channel: str = "email") -> dict[UUID, str]:
    """Queued messages of a channel that must not be sent any more: consent withdrawn or address suppressed since.

    messages: (id, person_id, email, purpose). Returns id -> reason, in two statements.
    """
    consent = consenting([person for _, person, _, purpose in messages if purpose == "marketing"], channel)
    blocked = suppressed(email for _, _, email, _ in messages)
    out = {}
    for message_id, person, email, purpose in messages:
        marketing = purpose == "marketing"
        if email in blocked and (marketing or blocked[email] not in MARKETING_ONLY):
            out[message_id] = "suppressed"
        elif marketing and person not in consent:
            out[message_id] = "no_consent"
    return out


def suppressed_count() -> int:
    """How many addresses are on the list, counted up to 100,000."""
    return Suppression.objects.all()[:100_000].count()
