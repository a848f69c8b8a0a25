"""The operators' journal: what people, and the rules that they set, did to the log."""

from __future__ import annotations

from typing import Any

from headwater.core import clock

from ..models import Operation


def note_down(what: str, subject: str, *, actor: str, note: str = "", detail: dict[str, Any]) -> Operation:
    """Add a line, in the caller's transaction. what: "parked.retried"; subject: a consumer, a partition."""
    return Operation.objects.create(
        at=clock.now(), actor=actor, what=what, subject=subject[:120], note=note, detail=detail
    )
