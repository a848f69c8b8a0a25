"""Messages of a journey, as its conditions ask about them: {"mail": "welcome", "did": "clicked"}, {"sms": "code",
"did": "replied"}. A kind of step that sends says in `asks` what can be asked of that; `@step` enters it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    """channel: of the messages. label: the condition's name in the editor. asks: what may have come of a message, which
    is the end of the fact's kind ("clicked" of "sms.clicked") -> (as a choice, in a sentence)."""

    channel: str
    label: Any
    icon: str
    asks: Mapping[str, tuple[Any, Any]]


#: By the condition's key, which is the beginning of the facts' kinds
MESSAGES: dict[str, Message] = {}


def message_leaf(node: Mapping[str, Any]) -> str:
    """The key by which a condition asks about a message of the journey; "" where it asks something else."""
    return next((key for key in MESSAGES if key in node), "")
