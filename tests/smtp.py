"""A real SMTP server for tests (aiosmtpd on loopback): it keeps what it accepted."""

from __future__ import annotations

import email
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .running import free_port


@dataclass
class Mailbox:
    """Mails in the order in which they were accepted, as (recipient, message)."""

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content: Any = envelope.content
        message = email.message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        with self.lock:
            self.mails += [(to, message) for to in envelope.rcpt_tos]
        return "250 accepted"

    def of(self, address: str) -> list[EmailMessage]:
        with self.lock:
            return [message for to, message in self.mails if to == address]

    def wait(self, address: str, count: int = 1, seconds: float = 30) -> list[EmailMessage]:
        """Until `count` mails came for the address; fewer are an error."""
        deadline = time.monotonic() + seconds
        while len(found := self.of(address)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} mails for {address} within {seconds} s"
            time.sleep(0.05)
        return found


def links(message: EmailMessage) -> list[str]:
    """The addresses in the HTML part, in order."""
    part = message.get_body(("html",))
    assert part is not None
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', part.get_content())]


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """An SMTP server for the length of the block."""
    box = Mailbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
