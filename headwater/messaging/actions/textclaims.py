"""Taking due texts out of their outbox, and writing down what became of them; `texts.py` calls these, nobody else.

The contract is that of mails (claims.py): a claim commits "sending" and moves its row on by a lease; a text found in
"sending" may have arrived. It is then sent again and said so, unless the provider can say that it has it.
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
from headwater.core.facts import Fact
from headwater.core.lanes import lane_key
from headwater.timeline.actions import NewFact, holding, in_lane, record_many

from ..facts import TextFailed, TextRefused, TextRepeated, TextSent
from ..rules.delivery import Reply, retry_in
from . import outbox
from .replies import stop_many
from .suppress import suppress_many

#: Facts of a text have ids made of its own, so that writing an outcome down twice is writing it once.
NAMESPACE = uuid.UUID("a3c1f6a0-54a5-4f0a-8b8e-6f4c4f1f8c52")
_CLAIMED = (
    "UPDATE messaging_message m SET status = 'sending', sending_at = %s, attempts = m.attempts + 1 "
    "FROM unnest(%s::bigint[], %s::uuid[]) AS k(person_id, id) "
    "JOIN messaging_message o ON o.person_id = k.person_id AND o.id = k.id "
    "WHERE m.person_id = k.person_id AND m.id = k.id AND o.status IN ('queued', 'sending') "
    "RETURNING m.person_id, m.id, m.template_id, m.version, m.purpose, m.actor, m.email, m.subject, m.context::text, "
    "m.attempts, o.status, m.queued_at"
)
_SETTLED = (
    "UPDATE messaging_message m SET status = k.status, reason = k.reason, error = k.error, "
    "attempts = m.attempts - k.untried, uncertain = m.uncertain OR k.uncertain, header_id = k.provider, "
    "segments = k.segments, sent_at = CASE WHEN k.status = 'sent' THEN %s ELSE m.sent_at END, "
    "bounced_at = CASE WHEN k.status = 'bounced' THEN %s ELSE m.bounced_at END "
    "FROM unnest(%s::bigint[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[], %s::int[], %s::bool[], "
    "%s::text[], %s::smallint[]) AS k(person_id, id, attempts, status, reason, error, untried, uncertain, provider, "
    "segments) WHERE m.person_id = k.person_id AND m.id = k.id AND m.status = 'sending' AND m.attempts = k.attempts "
    "RETURNING m.person_id, m.id, m.uncertain"
)


@dataclass(slots=True)
class TextClaim:
    """A text that this worker is about to send. repeated: an earlier try was interrupted."""

    person_id: int
    message_id: uuid.UUID
    rank: int
    due_at: datetime
    template_id: int
    version: int
    purpose: str
    actor: str
    number: str
    words: str
    context: dict[str, Any]
    attempts: int
    repeated: bool
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class TextResult:
    """What became of a claim: the provider's reply, or why it must not be sent after all."""

    claim: TextClaim
    reply: Reply | None = None
    refused: str = ""
    segments: int = 0
    #: The provider knows a repetition by our id
    keyed: bool = False

    @property
    def doubtful(self) -> bool:
        """An earlier try may have arrived, and this one is no repetition that the provider knows as one."""
        r = self.reply
        done = r is not None and r.kind in ("sent", "unknown", "never") and not r.found
        return self.claim.repeated and done and not self.keyed


def claim_texts(limit: int, lease: timedelta) -> list[TextClaim]:
    """Take up to `limit` due texts, transactional ones first; committed as "sending" when this returns."""
    now = clock.now()
    with transaction.atomic():
        due, lanes = outbox.due_texts(now, limit)
        if not due:
            return []
        with holding(lanes):
            held = outbox.take(due, now + lease, outbox.TEXTS)
            claims = _mark_sending(held, now)
            if claims:
                wake.publish("mail")
    return claims


def _mark_sending(held: Sequence[outbox.Row], now: datetime) -> list[TextClaim]:
    if not held:
        return []
    rows = {(row[3], row[4]): row for row in held}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMED, [now, [k[0] for k in rows], [k[1] for k in rows]])
        found = cursor.fetchall()
    claims = [
        TextClaim(
            person, message, rows[person, message][1], rows[person, message][2], template, version, purpose, actor,
            number, words, json.decode(context), tries, status == "sending", at,
        )
        for person, message, template, version, purpose, actor, number, words, context, tries, status, at in found
    ]  # fmt: skip
    stale = set(rows) - {(c.person_id, c.message_id) for c in claims}
    outbox.delete([rows[k] for k in stale], outbox.TEXTS)
    return sorted(claims, key=lambda c: (c.rank, c.message_id))


def settle_texts(results: Sequence[TextResult], *, pause: timedelta = timedelta(seconds=15)) -> None:
    """Write down what became of claims: ledger, outbox and facts in one transaction. pause: how long texts wait that
    could not be tried at all. Results of a claim that another worker has taken over since are left to that worker."""
    if not results:
        return
    now = clock.now()
    with in_lane(*{r.claim.person_id for r in results}):
        outbox.delete([_due(r.claim) for r in results], outbox.TEXTS)
        outcomes = [(r, *_outcome(r, now, pause)) for r in results]
        kept = _update(outcomes, now)
        mine = [o for o in outcomes if (o[0].claim.person_id, o[0].claim.message_id) in kept]
        outbox.insert(
            [(*_due(r.claim)[:2], due, r.claim.person_id, r.claim.message_id) for r, _, due in mine if due],
            outbox.TEXTS,
        )
        record_many([f for r, status, _ in mine for f in _facts(r, status, now, kept)])
        suppress_many(
            [(r.claim.number, "bounce", r.reply.words) for r, _, _ in mine if r.reply and r.reply.hard], at=now
        )
        gone = [r.claim for r, _, _ in mine if r.reply and r.reply.stopped]
        stop_many([(c.person_id, c.number) for c in gone], source="provider", at=now)
        wake.publish("mail")


def _due(c: TextClaim) -> tuple[Any, ...]:
    return lane_key(c.person_id), c.rank, c.due_at, c.person_id, c.message_id


def _outcome(result: TextResult, now: datetime, pause: timedelta) -> tuple[str, datetime | None]:
    """(the text's new status, when it is due again or None)."""
    reply = result.reply
    if reply is None:
        return "refused", None
    if reply.kind == "sent":
        return "sent", None
    if reply.kind == "never":
        return ("bounced" if reply.hard else "failed"), None
    # What may have gone out before stays so.
    back = "sending" if result.claim.repeated or reply.kind == "unknown" else "queued"
    if reply.kind == "untried":
        return back, now + max(pause, timedelta(seconds=reply.wait))
    again = retry_in(result.claim.attempts)
    if again is None:
        return "failed", None
    return back, now + max(again, timedelta(seconds=reply.wait))


def _update(
    outcomes: Sequence[tuple[TextResult, str, datetime | None]], now: datetime
) -> dict[tuple[int, uuid.UUID], bool]:
    """Returns the texts that were still this worker's: (person, id) -> whether an earlier try may have arrived."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLED,
            [
                now,
                now,
                [r.claim.person_id for r, _, _ in outcomes],
                [r.claim.message_id for r, _, _ in outcomes],
                [r.claim.attempts for r, _, _ in outcomes],
                [status for _, status, _ in outcomes],
                [r.refused[:120] for r, _, _ in outcomes],
                [_error(r, status) for r, status, _ in outcomes],
                [int(r.reply is not None and r.reply.kind == "untried") for r, _, _ in outcomes],
                [r.doubtful for r, _, _ in outcomes],
                [r.reply.id if r.reply else "" for r, _, _ in outcomes],
                [r.segments if status == "sent" else 0 for r, status, _ in outcomes],
            ],
        )
        return {(person, message): uncertain for person, message, uncertain in cursor.fetchall()}


def _error(result: TextResult, status: str) -> str:
    return "" if status == "sent" or result.reply is None else result.reply.words[:500]


def _facts(
    result: TextResult, status: str, now: datetime, uncertain: dict[tuple[int, uuid.UUID], bool]
) -> list[NewFact]:
    c, words = result.claim, _error(result, status)
    about: dict[str, Any] = {"message": str(c.message_id), "template": c.template_id, "subject": c.words}
    made: list[tuple[str, Fact]] = []
    if result.doubtful and result.reply and result.reply.kind != "never":
        made.append((f"repeated {c.attempts}", TextRepeated(**about, attempt=c.attempts)))
    if status == "sent":
        doubt = uncertain[(c.person_id, c.message_id)]
        made.append((status, TextSent(**about, segments=max(1, result.segments), uncertain=doubt)))
    elif status in ("bounced", "failed"):
        made.append((status, TextFailed(**about, error=words, hard=status == "bounced")))
    elif status == "refused":
        made.append((status, TextRefused(**about, reason=result.refused)))
    # In the order in which they are: a repetition stands before what it led to.
    moments = [now - timedelta(microseconds=n) for n in reversed(range(len(made)))]
    return [
        NewFact(c.person_id, fact, at, uuid.uuid5(NAMESPACE, f"{c.message_id} {name}"), c.actor)
        for at, (name, fact) in zip(moments, made, strict=True)
    ]
