"""Making the calls that steps asked for: claim, call outside any transaction, write down how it went.

Killed in between, a call is made again after the lease: receivers tell a repetition by `Headwater-Delivery`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from msgspec import json

from headwater.accounts.models import User
from headwater.core import clock
from headwater.core.arrays import columns
from headwater.core.lanes import lane_key
from headwater.messaging import actions as messaging
from headwater.messaging import delivery
from headwater.messaging.actions import Sent

from ..engine.outgoing import MAIL
from ..models import OutCall, OutDue

BATCH, AT_ONCE = 50, 8
LEASE = timedelta(minutes=2)
#: How long after a failed try the next one comes; after the last the call has failed
RETRIES = tuple(timedelta(minutes=n) for n in (1, 5, 30, 120, 480))


@dataclass(frozen=True, slots=True)
class Claimed:
    person_id: int
    id: UUID
    #: Its row in OutDue now
    due_at: datetime
    kind: str
    target: str
    payload: dict[str, Any]
    tries: int


def run_once() -> int:
    """Make some calls. Returns how many."""
    claimed = _claim(clock.now())
    if not claimed:
        return 0
    users = {
        str(u.pk): u
        for u in User.objects.filter(pk__in=[int(c.target) for c in claimed if c.kind == MAIL], is_active=True)
    }
    server = delivery.server_url() if users else ""
    hooks = [c for c in claimed if c.kind != MAIL]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = dict(zip([c.id for c in hooks], pool.map(_post, hooks), strict=True))
    for c in claimed:
        if c.kind == MAIL:
            results[c.id] = _mail(c, users.get(c.target), server)
    _settle(claimed, results, clock.now())
    return len(claimed)


def _post(c: Claimed) -> Sent:
    return messaging.call(c.target, c.payload, key=str(c.id), at=c.due_at - LEASE)


def _mail(c: Claimed, user: User | None, server: str) -> Sent:
    if user is None:
        return Sent(False, "there is no such colleague", again=False)
    text = str(c.payload.get("text", ""))
    return messaging.notice(
        to=user.email, name=user.name, subject=text, text=text, url=str(c.payload.get("url", "")), server=server
    )


def _claim(now: datetime) -> list[Claimed]:
    until = now + LEASE
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT lane_key, due_at, person_id, call_id FROM journeys_outdue WHERE due_at <= %s::timestamptz "
            "ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED",
            [now, BATCH],
        )
        rows = cursor.fetchall()
        if not rows:
            return []
        lanes, dues, people, calls = columns(rows)
        cursor.execute(
            "UPDATE journeys_outdue d SET due_at = %s::timestamptz FROM unnest(%s::bigint[], %s::timestamptz[], "
            "%s::bigint[], %s::uuid[]) AS v(l, a, p, i) WHERE d.lane_key = v.l AND d.due_at = v.a "
            "AND d.person_id = v.p AND d.call_id = v.i",
            [until, lanes, dues, people, calls],
        )
        cursor.execute(
            "SELECT c.person_id, c.id, c.kind, c.target, c.payload::text, c.tries FROM journeys_outcall c "
            "JOIN unnest(%s::bigint[], %s::uuid[]) AS v(p, i) ON c.person_id = v.p AND c.id = v.i "
            "WHERE c.person_id = ANY(%s::bigint[])",
            [people, calls, people],
        )
        return [
            Claimed(person, pk, until, kind, target, json.decode(payload), tries)
            for person, pk, kind, target, payload, tries in cursor.fetchall()
        ]


def _settle(claimed: Sequence[Claimed], results: dict[UUID, Sent], now: datetime) -> None:
    """Write down how calls went, those that are still this worker's."""
    with transaction.atomic():
        for c in claimed:
            sent = results[c.id]
            due = OutDue.objects.filter(
                lane_key=lane_key(c.person_id), due_at=c.due_at, person_id=c.person_id, call_id=c.id
            )
            later = not sent.done and sent.again and c.tries < len(RETRIES)
            mine = due.update(due_at=now + RETRIES[c.tries]) if later else due.delete()[0]
            if not mine:  # it took longer than the lease: another worker has made the call, and says how it went
                continue
            OutCall.objects.filter(person_id=c.person_id, id=c.id).update(
                status="sent" if sent.done else "queued" if later else "failed",
                tries=c.tries + 1,
                answer=sent.words[:500],
                code=sent.status,
                done_at=None if later else now,
            )


def replay(person_id: int, call_id: UUID, *, actor: str) -> bool:
    """Make a call again that failed or went through. Returns False where there is none, or it is still queued."""
    with transaction.atomic():
        again = OutCall.objects.filter(person_id=person_id, id=call_id).exclude(status="queued")
        if not again.update(status="queued", tries=0, done_at=None):
            return False
        OutDue.objects.create(lane_key=lane_key(person_id), due_at=clock.now(), person_id=person_id, call_id=call_id)
    return True
