"""Writing mails: `queue` is the one way in; everything else is what becomes of them."""

from __future__ import annotations

from .queue import queue
from .requests import MailRequest, Outcome, PurposeName

__all__ = ["MailRequest", "Outcome", "PurposeName", "queue"]
