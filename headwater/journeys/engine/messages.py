"""Which message a condition asks about: {"sms": "code", "did": "replied"} is one that the step "code" sends."""

from __future__ import annotations

from typing import Any

from .base import messages_of, sending
from .fields.messages import MESSAGES


def template_of(step: Any, leaf: str) -> tuple[str, int | None]:
    """What is asked of a step's message: (the beginning of the facts' kinds, the template's id). A step that sends over
    one channel only may be called a mail, whatever it sends."""
    kind = sending(step)
    if kind is None:
        return leaf, None
    found = {channel: pk for _setting, channel, pk in messages_of(step)}
    if leaf == "mail" and kind.sends != "best":
        return kind.told_as, found.get(kind.sends)
    return leaf, found.get(MESSAGES[leaf].channel)


def may_ask(step: Any, leaf: str) -> bool:
    """Can a condition ask about a message of that kind from the step?"""
    kind = sending(step)
    if kind is None:
        return False
    channels = {channel for _setting, channel, _pk in kind.messages(step.get("settings") or {})}
    return MESSAGES[leaf].channel in channels or (leaf == "mail" and kind.sends != "best")
