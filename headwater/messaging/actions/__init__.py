"""Writing to people: `queue` is the one way in for mails, `queue_texts` for texts, `queue_pushes` for push messages;
everything else is what becomes of them."""

from __future__ import annotations

from .browsers import (
    Subscription,
    checked,
    end_browser,
    replace_browser,
    stop_push,
    subscribe,
    subscribe_person,
    unsubscribe_browser,
)
from .feedback import Feedback, record_feedback, subscribe_again, unsubscribe
from .outward import Sent, call, look, notice, webhook_secret
from .policy import set_policy
from .pushing import queue_pushes
from .queue import queue
from .replies import record_inbound, record_receipt
from .requests import MailRequest, Outcome, PurposeName
from .suppress import lift, release, suppress
from .templates import (
    InUse,
    PushText,
    Says,
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
    "PushText",
    "Says",
    "Sent",
    "SmsText",
    "Subscription",
    "TemplateText",
    "Touch",
    "archive_template",
    "call",
    "checked",
    "copy_template",
    "create_template",
    "end_browser",
    "lift",
    "look",
    "notice",
    "queue",
    "queue_pushes",
    "queue_texts",
    "record_feedback",
    "record_inbound",
    "record_receipt",
    "record_touches",
    "release",
    "replace_browser",
    "restore_template",
    "says_of",
    "set_policy",
    "stop_push",
    "subscribe",
    "subscribe_again",
    "subscribe_person",
    "suppress",
    "unsubscribe",
    "unsubscribe_browser",
    "update_template",
    "webhook_secret",
]
