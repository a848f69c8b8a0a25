"""What goes out beside the mails of the ledger: calls of other systems, and notices to colleagues. Both are made by
whoever keeps count of them (a table of its own); here they are sent once."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac

from headwater.content.queries import workspace_context
from headwater.core import clock

from ..channels import http, webhook
from ..channels.letters import Envelope
from ..channels.pool import send
from ..channels.smtp import SmtpError
from ..rules import mime
from ..rules.tokens import new_id


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went. again: worth another try later."""

    done: bool
    words: str
    status: int = 0
    again: bool = True


def webhook_secret() -> str:
    """What receivers check the signature with; it follows from the installation's secret key."""
    return salted_hmac("headwater.webhooks", "v1", algorithm="sha256").hexdigest()


def call(url: str, payload: Mapping[str, Any], *, key: str, at: datetime) -> Sent:
    """POST JSON, signed (`Headwater-Signature`), with the key that makes receivers notice a repetition
    (`Headwater-Delivery`). at: when it is
    signed. 2xx is success; 408, 425, 429 and 5xx are tried again, other answers are not."""
    body = json.dumps(payload, ensure_ascii=False, default=str).encode()
    stamp = int(at.timestamp())
    headers = {
        "User-Agent": "Headwater/1",
        "Headwater-Delivery": key,
        "Headwater-Signature": webhook.signature(webhook_secret(), stamp, body),
    }
    try:
        status, words = webhook.post(url, body, headers)
    except webhook.Refused as error:
        return Sent(False, str(error), again=False)
    except (OSError, ValueError) as error:
        return Sent(False, str(error) or type(error).__name__)
    if 200 <= status < 300:
        return Sent(True, words, status)
    return Sent(False, words, status, again=status >= 500 or status in (408, 425, 429))


def look(url: str, *, guarded: bool = True) -> tuple[int, str, str]:
    """(status, content type, beginning of the text) of what stands at an address. Raises OSError, in words."""
    try:
        answer = http.request(
            "GET", url, None, {"User-Agent": "Headwater/1"}, guarded=guarded, timeout=5.0, most=20_000
        )
    except (http.Refused, ValueError) as error:
        raise OSError(str(error)) from error
    return answer.status, answer.headers.get("content-type", ""), answer.text


def notice(*, to: str, name: str, subject: str, text: str, url: str, server: str) -> Sent:
    """A short plain mail to a colleague, over the workspace's own server."""
    if not server:
        return Sent(False, "no SMTP server is set")
    workspace = workspace_context()
    sender = workspace["mail_from"] or "no-reply@localhost"
    link = f"{workspace['base_url'].rstrip('/')}{url}" if url else ""
    anchor = f'<p><a href="{html.escape(link)}">{html.escape(link)}</a></p>' if link else ""
    letter = mime.Letter(
        sender=sender,
        sender_name=workspace["mail_from_name"],
        to=to,
        to_name=name,
        subject=subject[:200],
        html=f"<p>{html.escape(text)}</p>{anchor}",
        text=f"{text}\n\n{link}\n" if link else f"{text}\n",
        header_id=f"{new_id(clock.now()).hex}.notice@{sender.rsplit('@', 1)[-1]}",
        date=clock.now(),
    )
    try:
        answer = send(server, [Envelope(sender, to, mime.build(letter))])[0]
    except SmtpError as error:
        return Sent(False, str(error))
    return Sent(answer.kind == "sent", answer.words, again=answer.kind != "never")
