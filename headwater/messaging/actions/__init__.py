"""Writing to people: `queue` is the one way in for mails, `queue_texts` for texts; everything else is what becomes of
them."""

from __future__ import annotations

from .feedback import Feedback, record_feedback, subscribe_again, unsubscribe
from .outward import Sent, call, notice, webhook_secret
from .policy import set_policy
from .queue import queue
from .replies import record_inbound, record_receipt
from .requests import MailRequest, Outcome, PurposeName
from .suppress import lift, release, suppress
from .templates import (
    InUse,
    SmsText,
    TemplateText,
    archive_template,
    copy_template,
    create_template,
    restore_template,
    says_of,
    update_template,
)
from .texting import queue_texts
from .touches import Touch, record_touches

__all__ = [
    "Feedback",
    "InUse",
    "MailRequest",
    "Outcome",
    "PurposeName",
    "Sent",
    "SmsText",
    "TemplateText",
    "Touch",
    "archive_template",
    "call",
    "copy_template",
    "create_template",
    "lift",
    "notice",
    "queue",
    "queue_texts",
    "record_feedback",
    "record_inbound",
    "record_receipt",
    "record_touches",
    "release",
    "restore_template",
    "says_of",
    "set_policy",
    "subscribe_again",
    "suppress",
    "unsubscribe",
    "update_template",
    "webhook_secret",
]
