"""What people and providers say about a mail after it was sent: stop, spam, bounced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from headwater.core import clock, wake
from headwater.people.actions import set_consent
from headwater.people.models import Contact
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import MailBounced, MailComplained, MailUnsubscribed
from ..models import Message
from ..queries.links import whose
from .suppress import lift, suppress_many


@dataclass(frozen=True, slots=True)
class Feedback:
    """A provider's word on a message, known by its Message-ID or by ours. words: as the provider put it."""

    event: Literal["bounce", "soft_bounce", "complaint"]
    message_id: UUID
    person_id: int
    words: str = ""


def unsubscribe(
    person_id: int, message_id: UUID, *, how: str, actor: str, proof: Mapping[str, Any] | None = None
) -> bool:
    """She wants no more marketing mail: consent withdrawn, address suppressed for marketing, said on the timeline.

    how: "one-click" or "page". Returns False where there is no such message; doing it twice changes nothing more.
    """
    with in_lane(person_id):
        row = Message.objects.filter(person_id=person_id, id=message_id).first()
        if row is None:
            return False
        set_consent(
            person_id,
            "email",
            "withdrawn",
            actor=actor,
            proof={"source": f"mail:{message_id}", "how": how, **(proof or {})},
        )
        now = clock.now()  # after the change of consent, which stands before it on the timeline
        suppress_many([(row.email, "unsubscribed", f"mail {message_id}")], at=now)
        if row.unsubscribed_at is None:
            Message.objects.filter(person_id=person_id, id=message_id).update(unsubscribed_at=now)
            fact = MailUnsubscribed(message=str(message_id), template=row.template_id, subject=row.subject, how=how)
            record_many([NewFact(person_id, fact, now, actor=actor)])
        wake.publish("mail")
    return True


def subscribe_again(person_id: int, message_id: UUID, *, actor: str, proof: Mapping[str, Any] | None = None) -> bool:
    """She took it back on the same page. Returns False where there is no such message."""
    with in_lane(person_id):
        row = Message.objects.filter(person_id=person_id, id=message_id).first()
        if row is None:
            return False
        lift([row.email], reasons=["unsubscribed"])
        Message.objects.filter(person_id=person_id, id=message_id).update(unsubscribed_at=None)
        set_consent(person_id, "email", "granted", actor=actor, proof={"source": f"mail:{message_id}", **(proof or {})})
        wake.publish("mail")
    return True


def record_feedback(items: Sequence[Feedback], *, actor: str) -> int:
    """Mark bounces and complaints in the ledger, with their facts and suppressions. Returns how many were new."""
    if not items:
        return 0
    now = clock.now()
    moved = whose([(i.person_id, i.message_id) for i in items])
    items = [replace(i, person_id=moved.get((i.person_id, i.message_id), i.person_id)) for i in items]
    with in_lane(*{i.person_id for i in items}):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT m.person_id, m.id, m.template_id, m.subject, m.email, m.bounced_at, m.complained_at "
                "FROM messaging_message m JOIN unnest(%s::bigint[], %s::uuid[]) AS k(person_id, id) "
                "USING (person_id, id)",
                [[i.person_id for i in items], [i.message_id for i in items]],
            )
            rows = {(r[0], r[1]): r[2:] for r in cursor.fetchall()}
        new: dict[tuple[int, UUID, bool], Feedback] = {}
        for i in items:
            row = rows.get((i.person_id, i.message_id))
            complaint = i.event == "complaint"
            if row is not None and row[4 if complaint else 3] is None:
                new.setdefault((i.person_id, i.message_id, complaint), i)
        _mark(list(new.values()), now)
        facts, blocks = [], []
        for (person, message, complaint), i in new.items():
            template, subject, email = rows[(person, message)][:3]
            about: dict[str, Any] = {"message": str(message), "template": template, "subject": subject}
            hard = i.event == "bounce"
            fact = MailComplained(**about) if complaint else MailBounced(**about, error=i.words[:500], hard=hard)
            facts.append(NewFact(person, fact, now, actor=actor))
            if complaint or hard:
                blocks.append((email, "complaint" if complaint else "bounce", i.words))
        record_many(facts)
        suppress_many(blocks, at=now)
        wake.publish("mail")
    return len(new)


def _mark(items: Sequence[Feedback], now: Any) -> None:
    if not items:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_message m SET status = CASE WHEN k.complaint THEN m.status ELSE 'bounced' END, "
            "error = CASE WHEN k.complaint THEN m.error ELSE k.words END, "
            "bounced_at = CASE WHEN k.complaint THEN m.bounced_at ELSE %s END, "
            "complained_at = CASE WHEN k.complaint THEN %s ELSE m.complained_at END "
            "FROM unnest(%s::bigint[], %s::uuid[], %s::bool[], %s::text[]) AS k(person_id, id, complaint, words) "
            "WHERE m.person_id = k.person_id AND m.id = k.id",
            [
                now,
                now,
                [i.person_id for i in items],
                [i.message_id for i in items],
                [i.event == "complaint" for i in items],
                [i.words[:500] for i in items],
            ],
        )


def lift_unsubscribed(person_ids: Sequence[int]) -> None:
    """People who consented again are off the list of those who unsubscribed."""
    emails = Contact.objects.filter(pk__in=list(person_ids)).exclude(email="").values_list("email", flat=True)
    lift(list(emails), reasons=["unsubscribed"])
