"""Writing mails: `queue` is the one way in; everything else is what becomes of them."""

from __future__ import annotations

from .queue import queue
from .requests import MailRequest, Outcome, PurposeName
from .templates import TemplateText, archive_template, copy_template, create_template, update_template

__all__ = [
    "MailRequest",
    "Outcome",
    "PurposeName",
    "TemplateText",
    "archive_template",
    "copy_template",
    "create_template",
    "queue",
    "update_template",
]
