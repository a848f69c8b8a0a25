"""Send SMS: a text, to whoever may get it, as send_email does with mails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from headwater.messaging import actions as messaging
from headwater.messaging.actions import MailRequest
from headwater.messaging.actions import Outcome as Queued

from ..engine.base import step
from ..engine.fields import Choice, Reference
from .send_email import SendEmail


@step("send_sms", label=_("Send SMS"), icon="smartphone", hue=190, group="message")
class SendSms(SendEmail):
    fields = (
        Reference("template", _("Text"), source="texts"),
        Choice(
            "purpose",
            _("Purpose"),
            required=False,
            default="marketing",
            choices=[("marketing", _("Marketing: needs consent")), ("transactional", _("Transactional"))],
        ),
    )

    sends, told_as = "sms", "sms"
    asked_as = _("A text of this journey")
    asks: ClassVar[Mapping[str, tuple[Any, Any]]] = {
        "sent": (_("was sent"), _("the text was sent")),
        "delivered": (_("was delivered"), _("the text was delivered")),
        "clicked": (_("clicked"), _("clicked in the text")),
        "replied": (_("answered"), _("answered the text")),
        "failed": (_("did not arrive"), _("the text did not arrive")),
        "stopped": (_("answered STOP"), _("answered STOP to the text")),
    }

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(settings.get("called") or _("SMS"))

    @classmethod
    def send(cls, requests: Sequence[MailRequest]) -> Sequence[Queued]:
        return messaging.queue_texts(requests)
