"""The demo's own SMTP server: takes every mail and keeps it for the inbox page, so that links in it work."""

from __future__ import annotations

import asyncio
import email
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connection, transaction

from headwater.core import clock
from headwater.core.config import config

log = logging.getLogger("headwater.catcher")
#: Mails kept; older ones go.
KEEP = 2000


def address() -> tuple[str, int]:
    """Where the catcher listens: HEADWATER_CATCHER_PORT, else 25 above the web's port; loopback only."""
    given = os.environ.get("HEADWATER_CATCHER_PORT", "").strip()
    return "127.0.0.1", int(given) if given.isdigit() else config.port + 25


def start(host: str | None = None, port: int | None = None) -> Callable[[], None]:
    """Start the server in a thread of its own; returns what stops it. Raises OSError where the port is taken."""
    where = address()
    controller = _Controller(Keeper(), hostname=host or where[0], port=where[1] if port is None else port)
    controller.start()
    log.info("catcher_ready", extra={"host": controller.hostname, "port": controller.port})

    def stop() -> None:
        controller.stop()

    stop.port = controller.port  # type: ignore[attr-defined]
    return stop


class _Controller(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, ident="Headwater demo", enable_SMTPUTF8=True, data_size_limit=20_000_000)

    def _trigger_server(self) -> None:
        if self.port == 0:  # the system chose one
            self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class Keeper:
    """Stores what arrives before it says 250: what the server has taken is on the inbox page, even after a crash."""

    def __init__(self) -> None:
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="catcher")

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, _keep, envelope)
        except Exception:
            log.exception("catcher_failed")
            return "451 4.3.0 cannot keep the mail now"
        return "250 2.0.0 kept"


def _keep(envelope: Envelope) -> None:
    from ..actions.caught import keep

    raw = envelope.original_content or b""
    message = email.message_from_bytes(raw, policy=policy.default)
    try:
        with transaction.atomic():
            keep(
                mail_from=envelope.mail_from or "",
                rcpt_to=", ".join(envelope.rcpt_tos),
                subject=str(message["Subject"] or ""),
                header_id=str(message["Message-ID"] or "").strip("<> "),
                raw=raw,
                received_at=clock.now(),
                limit=KEEP,
            )
    except Exception:
        connection.close()
        raise
