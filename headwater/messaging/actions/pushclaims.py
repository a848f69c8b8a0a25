"""Taking due push messages out of their outbox, browser by browser; `pushes.py` calls this, nobody else.

A claim moves a row of the outbox on by a lease. What a dead worker was sending comes due again and is sent again with
the same name: a push service puts it in the place of the first one, and so does the browser, without a second alarm.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from msgspec import json

from headwater.core import clock, wake
from headwater.core.arrays import columns
from headwater.timeline.actions import holding

from ..rules.delivery import Reply
from . import outbox

_DUE = (
    "SELECT lane_key, rank, due_at, person_id, message_id, device_id FROM messaging_pushoutbox WHERE due_at <= %s "
    "ORDER BY rank, due_at LIMIT %s"
)
_KEYS = (
    "unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::bigint[], %s::uuid[], %s::uuid[]) "
    "AS d(lane_key, rank, due_at, person_id, message_id, device_id)"
)
_SAME = (
    "(o.lane_key, o.rank, o.due_at, o.person_id, o.message_id, o.device_id) = "
    "(d.lane_key, d.rank, d.due_at, d.person_id, d.message_id, d.device_id)"
)
_TAKEN = (
    f"UPDATE messaging_pushoutbox o SET due_at = %s, attempts = o.attempts + 1 FROM {_KEYS} WHERE {_SAME} "
    "RETURNING o.lane_key, o.rank, o.due_at, o.person_id, o.message_id, o.device_id, o.attempts"
)
_CLAIMED = (
    "UPDATE messaging_message m SET status = CASE m.status WHEN 'queued' THEN 'sending' ELSE m.status END, "
    "sending_at = coalesce(m.sending_at, %s), attempts = greatest(m.attempts, k.attempts) "
    "FROM unnest(%s::bigint[], %s::uuid[], %s::int[]) AS k(person_id, id, attempts) "
    "WHERE m.person_id = k.person_id AND m.id = k.id AND m.status IN ('queued', 'sending', 'sent') "
    "RETURNING m.person_id, m.id, m.template_id, m.version, m.purpose, m.actor, m.subject, m.context::text, "
    "m.sent_at IS NOT NULL"
)
_BROWSERS = (
    "SELECT b.person_id, b.id, b.endpoint, b.p256dh, b.auth FROM messaging_pushdevice b "
    "JOIN unnest(%s::bigint[], %s::uuid[]) AS k(person_id, id) USING (person_id, id) WHERE b.ended_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A browser's subscription."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(slots=True)
class PushClaim:
    """What this worker is about to send to one browser. target: None where it takes nothing any more. sent: another
    browser of hers has the message."""

    row: tuple[int, int, datetime, int, uuid.UUID, uuid.UUID]
    attempts: int
    template_id: int
    version: int
    purpose: str
    actor: str
    title: str
    context: dict[str, Any]
    sent: bool
    target: Target | None

    @property
    def due_at(self) -> datetime:
        return self.row[2]

    @property
    def person_id(self) -> int:
        return self.row[3]

    @property
    def message_id(self) -> uuid.UUID:
        return self.row[4]

    @property
    def device_id(self) -> uuid.UUID:
        return self.row[5]


@dataclass(frozen=True, slots=True)
class PushResult:
    """What became of a claim: the push service's reply, or why it must not be sent after all."""

    claim: PushClaim
    reply: Reply | None = None
    refused: str = ""

    @property
    def gone(self) -> bool:
        """The browser takes nothing any more, or took itself out before."""
        return self.claim.target is None or bool(self.reply and self.reply.hard)


def claim_pushes(limit: int, lease: timedelta) -> list[PushClaim]:
    """Take up to `limit` due rows, transactional ones first; committed when this returns."""
    now = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_DUE, [now, limit])
        due = cursor.fetchall()
        if not due:
            return []
        lanes = outbox.free(sorted({row[0] for row in due}))
        due = [row for row in due if row[0] in lanes]
        if not due:
            return []
        with holding(lanes):
            cursor.execute(_TAKEN, [now + lease, *columns(due)])
            claims = _read(cursor.fetchall(), now)
            wake.publish("mail")
    return claims


def _read(held: Sequence[tuple[Any, ...]], now: datetime) -> list[PushClaim]:
    if not held:
        return []
    tries = {(row[3], row[4]): row[6] for row in held}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMED, [now, [p for p, _ in tries], [m for _, m in tries], list(tries.values())])
        found = {row[:2]: row[2:] for row in cursor.fetchall()}
        cursor.execute(_BROWSERS, [[row[3] for row in held], [row[5] for row in held]])
        targets = {(p, d): Target(*rest) for p, d, *rest in cursor.fetchall()}
    claims = []
    for row in held:
        if said := found.get((row[3], row[4])):
            template, version, purpose, actor, title, context, sent = said
            claims.append(
                PushClaim(
                    row[:6], row[6], template, version, purpose, actor, title, json.decode(context), sent,
                    targets.get((row[3], row[5])),
                )
            )  # fmt: skip
    delete([row[:6] for row in held if (row[3], row[4]) not in found])
    return sorted(claims, key=lambda c: (c.row[1], c.message_id, c.device_id))


def delete(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM messaging_pushoutbox o USING {_KEYS} WHERE {_SAME} "
            "RETURNING o.lane_key, o.rank, o.due_at, o.person_id, o.message_id, o.device_id",
            columns(rows),
        )
        return cursor.fetchall()  # type: ignore[no-any-return]
