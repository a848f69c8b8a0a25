"""When somebody agrees to mails again, her address leaves the list of those who unsubscribed."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.timeline.registry import Event, reaction

from .actions.feedback import lift_unsubscribed


@reaction("messaging", hears=["consent.changed"], order=40)
def react(batch: Sequence[Event]) -> None:
    """One statement for the batch; nothing where nobody granted."""
    last = {e.person_id: e.data.get("state") for e in batch if e.data.get("channel") == "email"}
    again = [person for person, state in last.items() if state == "granted"]
    if again:
        lift_unsubscribed(again)
