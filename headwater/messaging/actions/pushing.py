"""Push messages: whose browsers they reach, and why not (`shorts` puts them on their way)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from headwater.core.arrays import columns

from ..facts import PushQueued, PushRefused
from ..queries import browsers, gates
from .requests import MailRequest, Outcome
from .shorts import Channel, Due, Reach, Values, queue_short


def queue_pushes(requests: Sequence[MailRequest]) -> list[Outcome]:
    """Queue push messages; one Outcome per request, in order (see `queue_short`). Each goes to all browsers of hers
    that take push messages; instead of a mail's "no_address" there is "no_device"."""
    return queue_short(_PUSHES, requests)


def _reach(values: Values) -> Reach:
    devices, consent = browsers.taking(list(values)), gates.consenting(list(values), "push")

    def refusal(person: int, marketing: bool) -> str | None:
        if person not in devices:
            return "no_device"
        return "no_consent" if marketing and person not in consent else None

    def enqueue(due: list[Due]) -> None:
        rows = [(*one, device) for one in due for device in devices[one.person_id]]
        if not rows:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO messaging_pushoutbox (lane_key, rank, due_at, person_id, message_id, device_id, attempts) "
                "SELECT l, r, d, p, m, b, 0 FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::bigint[], "
                "%s::uuid[], %s::uuid[]) AS n(l, r, d, p, m, b)",
                columns(rows),
            )

    return Reach(refusal, {}, enqueue)


_PUSHES = Channel("push", _reach, PushQueued, PushRefused, "push.queued")
