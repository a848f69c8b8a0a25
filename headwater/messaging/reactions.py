"""When somebody agrees to mails (texts) again, her address (number) leaves the list of those who want no more."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.timeline.registry import Event, reaction

from .actions.feedback import lift_unsubscribed
from .actions.replies import lift_stopped


@reaction("messaging", hears=["consent.changed"], order=40)
def react(batch: Sequence[Event]) -> None:
    """One statement for the batch; nothing where nobody granted."""
    for channel, lift in (("email", lift_unsubscribed), ("sms", lift_stopped)):
        last = {e.person_id: e.data.get("state") for e in batch if e.data.get("channel") == channel}
        again = [person for person, state in last.items() if state == "granted"]
        if again:
            lift(again)
