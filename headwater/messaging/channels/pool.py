"""The connection that the delivery thread keeps between batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from ..rules.delivery import Answer
from .letters import Envelope, Server, Window
from .smtp import Connection, SmtpError

#: Idle for longer than ASK: ask whether the server is still there. Longer than LIMIT: connect anew.
ASK, LIMIT = 2.0, 60.0
_local = threading.local()


def send(url: str, envelopes: Sequence[Envelope], window: Window | None = None) -> list[Answer]:
    """Send over this thread's connection, opening it where needed, as far as the window reaches; a batch that meets a
    connection that died while idle is carried over to a fresh one. Raises SmtpError where there is no server to talk
    to."""
    fresh = getattr(_local, "connection", None) is None
    answers = _ready(url).send(envelopes, window)
    _local.used = time.monotonic()
    left = [n for n, a in enumerate(answers) if a.kind == "untried"]
    if left or any(a.kind == "unknown" for a in answers):
        close()
    # It died while idle, or took some and closed (many servers limit mails per connection): go on with a new one.
    if left and answers[left[0]].stage != "late" and (not fresh or len(left) < len(envelopes)):
        with suppress(SmtpError):
            answers[left[0] :] = send(url, envelopes[left[0] :], window)
    return answers


def probe(url: str) -> str:
    """ "" where the server can be used, else why not."""
    try:
        Connection(Server.from_url(url), timeout=10).quit()
    except (SmtpError, ValueError) as error:
        return str(error)
    return ""


def close() -> None:
    """Say goodbye on this thread's connection."""
    connection: Connection | None = getattr(_local, "connection", None)
    if connection is not None:
        connection.quit()
    _local.connection = None


def _ready(url: str) -> Connection:
    connection: Connection | None = getattr(_local, "connection", None)
    server = Server.from_url(url)
    if connection is not None:
        idle = time.monotonic() - _local.used
        if connection.server != server or idle > LIMIT or (idle > ASK and not connection.alive()):
            close()
        else:
            return connection
    _local.connection = Connection(server)
    _local.used = time.monotonic()
    return _local.connection  # type: ignore[no-any-return]
