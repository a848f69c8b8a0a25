"""Send push: a push message to the browsers of whoever may get it, as send_email does with mails."""

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


@step("send_push", label=_("Send push"), icon="bell", hue=60, group="message")
class SendPush(SendEmail):
    fields = (
        Reference("template", _("Push message"), source="pushes"),
        Choice(
            "purpose",
            _("Purpose"),
            required=False,
            default="marketing",
            choices=[("marketing", _("Marketing: needs consent")), ("transactional", _("Transactional"))],
        ),
    )

    sends, told_as = "push", "push"
    asked_as = _("A push message of this journey")
    asks: ClassVar[Mapping[str, tuple[Any, Any]]] = {
        "sent": (_("was sent"), _("the push message was sent")),
        "shown": (_("was shown"), _("the push message was shown")),
        "clicked": (_("clicked"), _("clicked in the push message")),
        "failed": (_("did not arrive"), _("the push message did not arrive")),
    }

    @classmethod
    def summary(cls, settings: Mapping[str, Any]) -> str:
        return str(settings.get("called") or _("Push"))

    @classmethod
    def send(cls, requests: Sequence[MailRequest]) -> Sequence[Queued]:
        return messaging.queue_pushes(requests)
