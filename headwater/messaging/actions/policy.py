"""How often a person may be written to."""

from __future__ import annotations

from django.db import transaction

from headwater.accounts.actions import audit

from ..models import MailPolicy


@transaction.atomic
def set_policy(*, cap_mails: int | None, cap_days: int, actor: str) -> None:
    """At most cap_mails marketing mails per person in cap_days days; None: no limit. Mails that are queued stay."""
    row, _ = MailPolicy.objects.select_for_update().get_or_create(pk=1)
    before = {"cap_mails": row.cap_mails, "cap_days": row.cap_days}
    after = {"cap_mails": cap_mails, "cap_days": cap_days}
    if before != after:
        row.cap_mails, row.cap_days = cap_mails, cap_days
        row.save()
        audit("mail.policy_changed", "mail", actor=actor, before=before, after=after)
