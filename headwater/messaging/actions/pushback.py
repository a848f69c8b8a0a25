"""What service workers tell of push messages."""

from __future__ import annotations

from uuid import UUID, uuid5

from headwater.core import clock, wake
from headwater.timeline.actions import NewFact, in_lane, record_many

from ..facts import PushShown
from ..models import Message, PushDevice
from .pushsettle import NAMESPACE


def record_shown(person_id: int, message_id: UUID, device: UUID | None) -> bool:
    """A browser of hers has shown a push message. Returns whether it is the first one to say so."""
    with in_lane(person_id):
        row = Message.objects.filter(person_id=person_id, id=message_id, channel="push").first()
        if row is None or row.status == "refused":
            return False
        now = clock.now()
        if device is not None:
            PushDevice.objects.filter(person_id=person_id, id=device).update(shown_at=now)
        if row.delivered_at is not None:
            return False
        Message.objects.filter(person_id=person_id, id=message_id).update(delivered_at=now)
        fact = PushShown(message=str(message_id), template=row.template_id, subject=row.subject)
        record_many([NewFact(person_id, fact, now, uuid5(NAMESPACE, f"{message_id} shown"), "visitor")])
        wake.publish("mail")
    return True
