"""When somebody reached a step for the first time, keep it and tell open dashboards."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.core import wake
from headwater.timeline.registry import Event, reaction

from . import actions

HEARS = ("contact.created", "stage.changed", "deal.created", "deal.moved", "deal.won", "deal.lost", "mail.sent")


@reaction("insights", hears=HEARS, order=60, replay=True)
def keep_milestones(batch: Sequence[Event]) -> None:
    """Two statements for a batch, one of them the notice."""
    items = [(e.person_id, "lead", e.at) for e in batch if e.kind == "contact.created"]
    items += [
        (e.person_id, str(e.data["after"]), e.at)
        for e in batch
        if e.kind == "stage.changed" and e.data.get("after") != "lead"  # sent back: she was a lead before
    ]
    actions.reach(items)
    wake.publish("dashboard")
