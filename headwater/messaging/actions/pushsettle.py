"""Writing down what became of push messages, browser by browser; `pushes.py` calls this, nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from headwater.core import clock, wake
from headwater.core.arrays import columns
from headwater.core.facts import Fact
from headwater.core.lanes import lane_key
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import PushFailed, PushRefused, PushSent
from ..rules.delivery import retry_in
from . import browsers
from .pushclaims import PushClaim, PushResult, delete

#: Facts of a push message have ids made of its own, so that writing an outcome down twice is writing it once.
NAMESPACE = uuid.UUID("7f0c3b7a-13f4-4f7e-a2f0-3f6d2b0b5b64")
_LEFT = (
    "SELECT DISTINCT o.person_id, o.message_id FROM messaging_pushoutbox o "
    "JOIN unnest(%s::bigint[], %s::bigint[], %s::uuid[]) AS k(lane_key, person_id, message_id) "
    "USING (lane_key, person_id, message_id)"
)
_SETTLED = (
    "UPDATE messaging_message m SET status = CASE WHEN m.sent_at IS NOT NULL THEN 'sent' ELSE k.status END, "
    "reason = CASE WHEN m.sent_at IS NULL THEN k.reason ELSE m.reason END, error = k.error, "
    "segments = m.segments + k.browsers, sent_at = CASE WHEN k.browsers > 0 THEN coalesce(m.sent_at, %s) "
    "ELSE m.sent_at END, bounced_at = CASE WHEN k.status = 'bounced' AND m.sent_at IS NULL THEN %s ELSE m.bounced_at "
    "END FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::int[]) "
    "AS k(person_id, id, status, reason, error, browsers) WHERE m.person_id = k.person_id AND m.id = k.id "
    "AND m.status IN ('queued', 'sending', 'sent')"
)


def settle_pushes(results: Sequence[PushResult], *, pause: timedelta = timedelta(seconds=15)) -> None:
    """Write down what became of claims: outbox, ledger, browsers and facts in one transaction. pause: how long those
    wait that could not be tried at all. Claims that another worker has taken over since are left to that worker."""
    if not results:
        return
    now = clock.now()
    with in_lane(*{r.claim.person_id for r in results}):
        still = set(delete([r.claim.row for r in results]))
        mine = [r for r in results if r.claim.row in still]
        _again([(r, due) for r in mine if (due := _due_again(r, now, pause))])
        fates = _fates(mine)
        _write(fates, now)
        record_many([f for fate in fates for f in _facts(fate, now)])
        _tell_browsers(mine, now)
        wake.publish("mail")


def _due_again(result: PushResult, now: datetime, pause: timedelta) -> datetime | None:
    """When this browser is tried again; None: its end is known."""
    reply = result.reply
    if reply is None or result.gone or reply.kind in ("sent", "never"):
        return None
    if reply.kind == "untried":
        return now + max(pause, timedelta(seconds=reply.wait))
    again = retry_in(result.claim.attempts)
    return now + max(again, timedelta(seconds=reply.wait)) if again else None


def _again(items: Sequence[tuple[PushResult, datetime]]) -> None:
    if not items:
        return
    rows = [
        (
            lane_key(r.claim.person_id), r.claim.row[1], due, r.claim.person_id, r.claim.message_id,
            r.claim.device_id, r.claim.attempts - int(bool(r.reply and r.reply.kind == "untried")),
        )
        for r, due in items
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_pushoutbox (lane_key, rank, due_at, person_id, message_id, device_id, attempts) "
            "SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::bigint[], %s::uuid[], "
            "%s::uuid[], %s::smallint[])",
            columns(rows),
        )


@dataclass(frozen=True, slots=True)
class _Fate:
    """A message after this batch. before: a browser of hers had it already."""

    claim: PushClaim
    status: str
    reason: str
    error: str
    browsers: int
    before: bool


def _fates(mine: Sequence[PushResult]) -> list[_Fate]:
    groups: dict[tuple[int, uuid.UUID], list[PushResult]] = {}
    for r in mine:
        groups.setdefault((r.claim.person_id, r.claim.message_id), []).append(r)
    if not groups:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [[lane_key(p) for p, _ in groups], [p for p, _ in groups], [m for _, m in groups]])
        left = set(cursor.fetchall())
    return [_fate(key in left, group) for key, group in groups.items()]


def _fate(more: bool, group: Sequence[PushResult]) -> _Fate:
    """more: other browsers of hers are to be tried, or tried again."""
    done = sum(bool(r.reply and r.reply.kind == "sent") for r in group)
    refused = next((r.refused for r in group if r.refused), "")
    words = next((r.reply.words for r in group if r.reply and r.reply.kind != "sent" and r.reply.words), "")
    tried = any(r.reply is not None and r.reply.kind != "untried" for r in group)
    if done:
        status = "sent"
    elif more:
        status = "sending" if tried else "queued"
    elif refused:
        status = "refused"
    else:
        status = "bounced" if all(r.gone for r in group) else "failed"
    claim = group[0].claim
    return _Fate(claim, status, refused if status == "refused" else "", words[:500], done, claim.sent)


def _write(fates: Sequence[_Fate], now: datetime) -> None:
    if not fates:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLED,
            [
                now,
                now,
                [f.claim.person_id for f in fates],
                [f.claim.message_id for f in fates],
                [f.status for f in fates],
                [f.reason[:120] for f in fates],
                [f.error for f in fates],
                [f.browsers for f in fates],
            ],
        )


def _facts(fate: _Fate, now: datetime) -> list[NewFact]:
    c = fate.claim
    about: dict[str, Any] = {"message": str(c.message_id), "template": c.template_id, "subject": c.title}
    said: Fact | None = None
    if fate.before or fate.status in ("queued", "sending"):
        said = None
    elif fate.status == "sent":
        said = PushSent(**about, browsers=fate.browsers)
    elif fate.status == "refused":
        said = PushRefused(**about, reason=fate.reason)
    else:
        said = PushFailed(**about, error=fate.error, hard=fate.status == "bounced")
    if said is None:
        return []
    return [NewFact(c.person_id, said, now, uuid.uuid5(NAMESPACE, f"{c.message_id} {fate.status}"), c.actor)]


def _tell_browsers(mine: Sequence[PushResult], now: datetime) -> None:
    """What the browsers' own rows say: given something, or gone."""
    given = [r.claim for r in mine if r.reply and r.reply.kind == "sent"]
    if given:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE messaging_pushdevice b SET sent_at = %s FROM unnest(%s::bigint[], %s::uuid[]) AS k(p, i) "
                "WHERE b.person_id = k.p AND b.id = k.i",
                [now, [c.person_id for c in given], [c.device_id for c in given]],
            )
    gone = [(r.claim.person_id, r.claim.device_id, r.reply.words) for r in mine if r.reply and r.reply.hard]
    browsers.gone(gone, at=now + timedelta(microseconds=1))
