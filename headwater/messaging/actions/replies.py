"""What comes back after a text: receipts of its delivery, and what people write to our number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from headwater.core import clock, wake
from headwater.people import queries as people
from headwater.people.actions import set_consent
from headwater.people.rules import Invalid, normalise_phone
from headwater.timeline import queries as timeline
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..channels.sms import Receipt
from ..facts import TextDelivered, TextFailed, TextReplied, TextStopped
from ..models import Message
from ..rules.texting import answer_of
from .suppress import lift, suppress_many

#: What somebody writes answers a text of so many days
ANSWERS = timedelta(days=30)
_NAMESPACE = UUID("0b6f8f5e-7c8a-4c39-9a87-1f7a9d0a6b11")


def record_receipt(person_id: int, message_id: UUID, receipt: Receipt, *, actor: str = "system") -> bool:
    """Write down what a provider says became of a text. Returns whether that was new."""
    if not receipt.state:
        return False
    with in_lane(person_id):
        row = Message.objects.filter(person_id=person_id, id=message_id, channel="sms").first()
        if row is None or row.delivered_at or row.bounced_at or row.status in ("failed", "refused"):
            return False
        now = clock.now()
        about: dict[str, Any] = {"message": str(message_id), "template": row.template_id, "subject": row.subject}
        fact: TextDelivered | TextFailed
        if receipt.state == "delivered":
            changes: dict[str, Any] = {"delivered_at": now}
            fact = TextDelivered(**about)
        else:
            changes = {"status": "bounced", "bounced_at": now, "error": receipt.words[:500]}
            fact = TextFailed(**about, error=receipt.words[:500], hard=receipt.hard)
        Message.objects.filter(person_id=person_id, id=message_id).update(**changes)
        record_many([NewFact(person_id, fact, now, uuid5(_NAMESPACE, f"{message_id} {receipt.state}"), actor)])
        if receipt.hard:
            suppress_many([(row.email, "bounce", receipt.words)], at=now)
        wake.publish("mail")
    return True


def record_inbound(sender: str, text: str, *, key: str = "") -> str:
    """Somebody has written a text to our number: "stop" withdraws consent and blocks the number, "start" takes that
    back, everything else is an answer on her timeline. key: the provider's own id, so that telling it twice counts
    once.

    Returns "stop", "start", "" (something else), or "unknown" where nobody has that number.
    """
    try:
        number = normalise_phone(sender)
    except Invalid:
        return "unknown"
    text = text.replace("\0", "")
    asked = answer_of(text)
    who = whose_number(number)
    if not who:
        if asked == "stop":  # an import of tomorrow must not write to her
            suppress_many([(number, "stopped", "")])
        return asked if asked == "stop" else "unknown"
    with in_lane(*who):
        now = clock.now()
        proof = {"source": "sms", "text": text[:200], "address": number}
        new = [person for person in who if not _told_before(person, key)]
        for person in new:
            last = _last(person, now)
            if asked == "stop":
                set_consent(person, "sms", "withdrawn", actor="visitor", proof=proof)
            elif asked == "start":
                set_consent(person, "sms", "granted", actor="visitor", proof=proof)
            _answered(person, last, text, asked, key, now)
        if asked == "stop" and new:
            suppress_many([(number, "stopped", "")], at=now)
        elif asked == "start" and new:
            lift([number], reasons=["stopped", "unsubscribed"])
        wake.publish("mail")
    return asked


def lift_stopped(person_ids: Sequence[int]) -> None:
    """The numbers of people who agreed to texts again are off the list of those who answered STOP."""
    numbers = [c.phone for c in people.contacts(list(person_ids)).values() if c.phone]
    lift(numbers, reasons=["stopped", "unsubscribed"])


def stop_many(items: Sequence[tuple[int, str]], *, source: str, at: datetime) -> None:
    """A provider says that these people (person, number) want no texts from us. Their lanes are held."""
    for person, number in items:
        set_consent(person, "sms", "withdrawn", actor="system", proof={"source": source, "address": number})
    suppress_many([(number, "stopped", "") for _, number in items], at=at)


def whose_number(number: str) -> list[int]:
    """Who got texts at that number, or has it now."""
    written = Message.objects.filter(email=number, channel="sms").order_by("-queued_at").values_list("person_id")[:50]
    found = {person for (person,) in written if person}
    return sorted({*people.contacts(list(found)), *people.by_phone(number)})


def _last(person_id: int, now: datetime) -> Message | None:
    rows = Message.objects.filter(person_id=person_id, channel="sms", sent_at__gt=now - ANSWERS)
    return rows.order_by("-sent_at").first()


def _answered(person: int, last: Message | None, text: str, asked: str, key: str, now: datetime) -> None:
    about: Mapping[str, Any] = {}
    if last is not None:
        about = {"message": str(last.id), "template": last.template_id, "subject": last.subject}
        changes: dict[str, Any] = {"unsubscribed_at": now} if asked == "stop" else {"replied_at": now}
        Message.objects.filter(person_id=person, id=last.id).update(**changes)
    said = text.strip()[:1600]
    fact = TextStopped(text=said, **about) if asked == "stop" else TextReplied(text=said, **about)
    # The time is that after the change of consent, which stands before it on the timeline.
    record_many([NewFact(person, fact, clock.now(), _fact_id(person, key), actor="visitor")])


def _fact_id(person_id: int, key: str) -> UUID | None:
    return uuid5(_NAMESPACE, f"{person_id} {key}") if key else None


def _told_before(person_id: int, key: str) -> bool:
    found = timeline.read(person_id, kinds=["sms.replied", "sms.stopped"], limit=20)
    return bool(key) and any(e.id == _fact_id(person_id, key) for e in found)
