"""When somebody agrees to mails (texts) again, her address (number) leaves the list of those who want no more. When a
visitor is identified, the push messages that her browser agreed to are hers."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.core.ids import id_of
from headwater.timeline.registry import Event, reaction

from .actions.browsers import follow
from .actions.feedback import lift_unsubscribed
from .actions.replies import lift_stopped


@reaction("messaging", hears=["consent.changed", "contact.identified"], order=40)
def react(batch: Sequence[Event]) -> None:
    """One statement for the batch and kind; nothing where nobody granted."""
    if visitors := [v for e in batch if (v := id_of(e.data.get("visitor"))) is not None]:
        follow(visitors)
    for channel, lift in (("email", lift_unsubscribed), ("sms", lift_stopped)):
        last = {e.person_id: e.data.get("state") for e in batch if e.data.get("channel") == channel}
        again = [person for person, state in last.items() if state == "granted"]
        if again:
            lift(again)
