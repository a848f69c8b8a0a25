"""Tests of push messages to browsers of one's own: sent at once, kept out of the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from headwater.core import clock

from ..channels.push import Courier
from ..models import OwnBrowser
from ..queries.browsers import courier_values
from ..rules.pushing import Shown, payload
from ..rules.tokens import new_id
from .browsers import Subscription


@transaction.atomic
def keep_own(user_id: int, given: Subscription) -> None:
    """A browser of a colleague takes tests; it is hers who said so last."""
    OwnBrowser.objects.update_or_create(
        browser_id=given.id,
        defaults={
            "user_id": user_id, "endpoint": given.endpoint, "p256dh": given.p256dh, "auth": given.auth,
            "agent": given.agent[:80], "created_at": clock.now(),
        },
    )  # fmt: skip


def forget_own(user_id: int, pk: int) -> None:
    """It takes none any more."""
    OwnBrowser.objects.filter(user_id=user_id, pk=pk).delete()


def send_test_push(shown: Shown, own: Sequence[OwnBrowser]) -> tuple[int, str]:
    """Send it now. Returns how many browsers' services took it, and "" or why not, in a service's words. A browser that
    is gone is forgotten."""
    courier, message, problem, sent = Courier(*courier_values()), new_id(clock.now()), "", 0
    said = Shown(f"[Test] {shown.title}", shown.body, shown.link, shown.icon, shown.image)
    body = payload(said, message=message.hex, receipt="")
    for row in own:
        reply = courier.send(row.endpoint, row.p256dh, row.auth, body, message=message, urgent=True, timeout=10.0)
        if reply.kind == "sent":
            sent += 1
        elif reply.hard:
            forget_own(row.user_id, row.pk)
            problem = f"{row.agent}: {reply.words}"
        else:
            problem = reply.words
    return sent, problem
