"""Writing mails: `queue` is the one way in; everything else is what becomes of them."""

from __future__ import annotations

from .feedback import Feedback, record_feedback, subscribe_again, unsubscribe
from .outward import Sent, call, notice, webhook_secret
from .policy import set_policy
from .queue import queue
from .requests import MailRequest, Outcome, PurposeName
from .suppress import lift, release, suppress
from .templates import (
    InUse,
    TemplateText,
    archive_template,
    copy_template,
    create_template,
    restore_template,
    update_template,
)
from .touches import Touch, record_touches

__all__ = [
    "Feedback",
    "InUse",
    "MailRequest",
    "Outcome",
    "PurposeName",
    "Sent",
    "TemplateText",
    "Touch",
    "archive_template",
    "call",
    "copy_template",
    "create_template",
    "lift",
    "notice",
    "queue",
    "record_feedback",
    "record_touches",
    "release",
    "restore_template",
    "set_policy",
    "subscribe_again",
    "suppress",
    "unsubscribe",
    "update_template",
    "webhook_secret",
]
