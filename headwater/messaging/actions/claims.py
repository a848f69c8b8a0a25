"""Taking due mails out of the outbox, and writing down what became of them. Delivery calls these; nobody else.

A claim commits the message as "sending" and moves its outbox row on by a lease. If the worker dies, the row comes due
again, and a message that is found in "sending" is sent again and marked: its first try may have arrived.
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
from headwater.core.lanes import lane_key
from headwater.timeline.actions import NewFact, holding, in_lane, record_many

from ..facts import MailBounced, MailFailed, MailRefused, MailRepeated, MailSent
from ..rules.delivery import Answer, retry_in
from . import outbox
from .suppress import suppress_many

#: Facts of a message have ids made of its own, so that writing an outcome down twice is writing it once.
_NAMESPACE = uuid.UUID("6f0e0d53-5d0e-4d3a-9c55-9a1c8f3a7b10")


@dataclass(slots=True)
class Claim:
    """A message that this worker is about to send."""

    person_id: int
    message_id: uuid.UUID
    rank: int
    due_at: datetime
    template_id: int
    version: int
    purpose: str
    actor: str
    email: str
    subject: str
    header_id: str
    context: dict[str, Any]
    attempts: int
    repeated: bool  # it was found in "sending": an earlier try was interrupted
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claim: the server's answer, or why it must not be sent after all."""

    claim: Claim
    answer: Answer | None = None
    refused: str = ""


def claim(limit: int, lease: timedelta) -> list[Claim]:
    """Take up to `limit` due messages, transactional ones first; committed as "sending" when this returns.

    Workers take different ones: of lanes that others hold at the moment nothing is taken while there are others, and
    of a backlog each takes some lanes only.
    """
    now = clock.now()
    with transaction.atomic():
        due, lanes = outbox.due(now, limit)
        if not due:
            return []
        with holding(lanes) if lanes else in_lane(*{row[3] for row in due}):
            held = outbox.take(due, now + lease)
            claims = _mark_sending(held, now)
            _say_repeated(claims, now)
            if claims:
                wake.publish("mail")
    return claims


def _mark_sending(held: Sequence[outbox.Row], now: datetime) -> list[Claim]:
    """The messages of these rows, each "sending" now, in the order in which they are to go."""
    if not held:
        return []
    order = {(row[3], row[4]): (n, row) for n, row in enumerate(sorted(held, key=lambda r: (r[1], r[4])))}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_message m SET status = 'sending', sending_at = %s, attempts = m.attempts + 1, "
            "uncertain = m.uncertain OR o.status = 'sending' FROM unnest(%s::bigint[], %s::uuid[]) AS k(person_id, id) "
            "JOIN messaging_message o ON o.person_id = k.person_id AND o.id = k.id "
            "WHERE m.person_id = k.person_id AND m.id = k.id AND o.status IN ('queued', 'sending') "
            "RETURNING m.person_id, m.id, m.template_id, m.version, m.purpose, m.actor, m.email, m.subject, "
            "m.header_id, m.context::text, m.attempts, o.status, m.queued_at",
            [now, [k[0] for k in order], [k[1] for k in order]],
        )
        rows = cursor.fetchall()
    claims = []
    for person, message, template, version, purpose, actor, email, subject, header, context, tries, status, at in rows:
        _, (_, rank, until, _, _) = order[(person, message)]
        claims.append(
            Claim(
                person, message, rank, until, template, version, purpose, actor, email, subject, header,
                json.decode(context), tries, status == "sending", at,
            )
        )  # fmt: skip
    # A row whose message has its outcome already (it cannot happen while both are written together) just goes.
    stale = set(order) - {(c.person_id, c.message_id) for c in claims}
    outbox.delete([order[k][1] for k in stale])
    return sorted(claims, key=lambda c: order[(c.person_id, c.message_id)][0])


def _say_repeated(claims: Sequence[Claim], now: datetime) -> None:
    record_many(
        [
            NewFact(
                c.person_id,
                MailRepeated(message=str(c.message_id), template=c.template_id, subject=c.subject, attempt=c.attempts),
                now,
                uuid.uuid5(_NAMESPACE, f"{c.message_id} repeated {c.attempts}"),
                c.actor,
            )
            for c in claims
            if c.repeated
        ]
    )


def settle(results: Sequence[Result], *, pause: timedelta = timedelta(seconds=15)) -> None:
    """Write down what became of claims: ledger, outbox and facts in one transaction.

    pause: how long mails wait that could not be tried at all (no server); those tries do not count. Results of a
    claim that another worker has taken over since (its lease ran out) are left to that worker.
    """
    if not results:
        return
    now = clock.now()
    with in_lane(*{r.claim.person_id for r in results}):
        outbox.delete([_due(r.claim) for r in results])
        outcomes = [(r, *_outcome(r, now, pause)) for r in results]
        kept = _update(outcomes, now)
        mine = [o for o in outcomes if (o[0].claim.person_id, o[0].claim.message_id) in kept]
        outbox.insert([(*_due(r.claim)[:2], due, r.claim.person_id, r.claim.message_id) for r, _, due in mine if due])
        record_many([f for r, status, _ in mine if (f := _fact(r, status, now, kept))])
        suppress_many(
            [(r.claim.email, "bounce", r.answer.words) for r, _, _ in mine if r.answer and r.answer.hard], at=now
        )
        wake.publish("mail")


def _due(c: Claim) -> tuple[Any, ...]:
    return lane_key(c.person_id), c.rank, c.due_at, c.person_id, c.message_id


def _outcome(result: Result, now: datetime, pause: timedelta) -> tuple[str, datetime | None]:
    """(the message's new status, when it is due again or None)."""
    answer, tries = result.answer, result.claim.attempts
    if answer is None:
        return "refused", None
    if answer.kind == "sent":
        return "sent", None
    if answer.kind == "never":
        return ("bounced" if answer.bounced else "failed"), None
    if answer.kind == "untried":
        return "queued", now if answer.stage == "late" else now + pause
    again = retry_in(tries)
    if again is None:
        return "failed", None
    # Unknown stays "sending": whoever takes it next says that it is sent again.
    return ("sending" if answer.kind == "unknown" else "queued"), now + again


def _update(
    outcomes: Sequence[tuple[Result, str, datetime | None]], now: datetime
) -> dict[tuple[int, uuid.UUID], bool]:
    """Returns the messages that were still this worker's: (person, id) -> whether an earlier try may have arrived."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_message m SET status = k.status, reason = k.reason, error = k.error, "
            "attempts = m.attempts - k.untried, sent_at = CASE WHEN k.status = 'sent' THEN %s ELSE m.sent_at END, "
            "bounced_at = CASE WHEN k.status = 'bounced' THEN %s ELSE m.bounced_at END "
            "FROM unnest(%s::bigint[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[], %s::int[]) "
            "AS k(person_id, id, attempts, status, reason, error, untried) WHERE m.person_id = k.person_id "
            "AND m.id = k.id AND m.status = 'sending' AND m.attempts = k.attempts "
            "RETURNING m.person_id, m.id, m.uncertain",
            [
                now,
                now,
                [r.claim.person_id for r, _, _ in outcomes],
                [r.claim.message_id for r, _, _ in outcomes],
                [r.claim.attempts for r, _, _ in outcomes],
                [status for _, status, _ in outcomes],
                [r.refused[:120] for r, _, _ in outcomes],
                [_error(r, status) for r, status, _ in outcomes],
                [int(r.answer is not None and r.answer.kind == "untried") for r, _, _ in outcomes],
            ],
        )
        return {(person, message): uncertain for person, message, uncertain in cursor.fetchall()}


def _error(result: Result, status: str) -> str:
    return "" if status == "sent" or result.answer is None else result.answer.words[:500]


def _fact(result: Result, status: str, now: datetime, uncertain: dict[tuple[int, uuid.UUID], bool]) -> NewFact | None:
    c, words = result.claim, _error(result, status)
    about: dict[str, Any] = {"message": str(c.message_id), "template": c.template_id, "subject": c.subject}
    fact: MailSent | MailBounced | MailFailed | MailRefused
    if status == "sent":
        fact = MailSent(**about, uncertain=uncertain[(c.person_id, c.message_id)])
    elif status == "bounced":
        fact = MailBounced(**about, error=words, hard=bool(result.answer and result.answer.hard))
    elif status == "failed":
        fact = MailFailed(**about, error=words)
    elif status == "refused":
        fact = MailRefused(**about, reason=result.refused)
    else:
        return None
    return NewFact(c.person_id, fact, now, uuid.uuid5(_NAMESPACE, f"{c.message_id} {status}"), c.actor)
