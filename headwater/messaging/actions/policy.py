"""How often a person may be written to."""

from __future__ import annotations

from django.db import transaction

from headwater.accounts.actions import audit

from ..models import MailPolicy
from ..queries import gates


@transaction.atomic
def set_policy(*, cap_mails: int | None, cap_days: int, actor: str, channel: str = "email") -> None:
    """At most cap_mails marketing messages of a channel per person in cap_days days; None: no limit. What is queued
    stays."""
    row, _ = MailPolicy.objects.select_for_update().get_or_create(pk=gates.POLICIES[channel])
    before = {"cap_mails": row.cap_mails, "cap_days": row.cap_days}
    after = {"cap_mails": cap_mails, "cap_days": cap_days}
    if before != after:
        row.cap_mails, row.cap_days = cap_mails, cap_days
        row.save()
        audit("mail.policy_changed", "mail" if channel == "email" else channel, actor=actor, before=before, after=after)
