"""What an SMTP server's answer means, and when to try again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

#: sent: the server took it. later: a 4xx. never: a 5xx. unknown: the connection broke between the last byte and the
#: answer, so it may have arrived. untried: not a byte of the mail left.
Kind = Literal["sent", "later", "never", "unknown", "untried"]
#: What a try is followed by, in minutes; after the last one the mail has failed.
BACKOFF = (1, 5, 15, 60, 180, 360, 720, 1440)
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one letter. stage: where the server spoke ("mail", "rcpt", "data"); "late": it was not asked, as
    the time of the batch was over."""

    kind: Kind
    words: str = ""
    code: int = 0
    stage: str = ""

    @property
    def bounced(self) -> bool:
        """The recipient was refused for good (not the message, not the sender)."""
        return self.kind == "never" and self.stage == "rcpt"

    @property
    def hard(self) -> bool:
        """The address itself is bad, so nothing may be sent to it again: not a policy, not a full mailbox."""
        if not self.bounced:
            return False
        status = _ENHANCED.search(self.words)
        if status:
            return status[1].startswith("5.1.") or status[1] in ("5.2.1", "5.4.4")
        return self.code in (550, 551, 553)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider of texts said of one. id: its own name for the text. hard: the number cannot be reached by texts.
    stopped: the provider knows that she wants none. wait: seconds for which it wants to be left alone. found: it was
    not sent again, for the provider has it already."""

    kind: Kind
    words: str = ""
    code: int = 0
    id: str = ""
    hard: bool = False
    stopped: bool = False
    wait: float = 0.0
    found: bool = False


def retry_in(attempts: int) -> timedelta | None:
    """How long to wait after this many tries, or None where it is enough."""
    return timedelta(minutes=BACKOFF[attempts - 1]) if attempts <= len(BACKOFF) else None
