"""SMTP for many mails: one connection, commands pipelined (RFC 2920), every answer told apart from a broken line.

With pipelining a mail costs one round trip: the body of one and the MAIL, RCPT and DATA of the next leave together.
"""

from __future__ import annotations

import base64
import logging
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress

from headwater.core import crash

from ..rules.delivery import Answer
from .letters import TIMEOUT, Envelope, Server, Window

log = logging.getLogger("headwater.smtp")


class SmtpError(Exception):
    """The server cannot be used now: no connection, no TLS, sign-in refused. The message is for people."""


class Gone(Exception):
    """The connection broke."""


class Late(Gone):
    """The time in which this batch may be sent is over."""


class Connection:
    """An open SMTP session, used again for batch after batch. Not for several threads at once."""

    def __init__(self, server: Server, *, timeout: float = TIMEOUT, context: ssl.SSLContext | None = None) -> None:
        """Connects, says hello, encrypts and signs in. Raises SmtpError."""
        self.server = server
        self.features: dict[str, str] = {}
        self._buffer = b""
        self._timeout = timeout
        try:
            self._socket = socket.create_connection((server.host, server.port), timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open(context or ssl.create_default_context())
        except (OSError, Gone) as error:
            self.close()
            raise SmtpError(f"{server.host}:{server.port}: {error or 'connection lost'}") from error
        except SmtpError:
            self.close()
            raise

    def _open(self, context: ssl.SSLContext) -> None:
        server = self.server
        if server.scheme == "smtps":
            self._socket = context.wrap_socket(self._socket, server_hostname=server.host)
        self._must(220, "greeting")
        self._hello()
        if server.scheme == "smtp+starttls":
            if "STARTTLS" not in self.features:
                raise SmtpError(f"{server.host} does not offer STARTTLS; use smtp:// or smtps:// instead")
            self._write(b"STARTTLS\r\n")
            self._must(220, "STARTTLS")
            if self._buffer:  # bytes sent in clear before the handshake are an attack
                raise SmtpError(f"{server.host} sent data before TLS was set up")
            self._socket = context.wrap_socket(self._socket, server_hostname=server.host)
            self._hello()
        if server.user:
            self._sign_in()

    def _hello(self) -> None:
        name = socket.getfqdn()
        self._write(f"EHLO {name if name.isascii() and '.' in name else '[127.0.0.1]'}\r\n".encode())
        code, words = self._reply()
        self.features = {}
        if code == 250:
            for line in words.split("\n")[1:]:
                key, _, rest = line.partition(" ")
                self.features[key.upper()] = rest
            return
        self._write(b"HELO localhost\r\n")
        self._must(250, "HELO")

    def _sign_in(self) -> None:
        offered = self.features.get("AUTH", "").upper().split()
        user, password = self.server.user, self.server.password
        if "PLAIN" in offered or not offered:
            self._write(b"AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()) + b"\r\n")
        elif "LOGIN" in offered:
            self._write(b"AUTH LOGIN\r\n")
            self._must(334, "sign-in")
            self._write(base64.b64encode(user.encode()) + b"\r\n")
            self._must(334, "sign-in")
            self._write(base64.b64encode(password.encode()) + b"\r\n")
        else:
            raise SmtpError(f"{self.server.host} offers no way to sign in that we know ({', '.join(offered)})")
        self._must(235, "sign-in")

    # -- sending -------------------------------------------------------------------------------------------------
    def send(self, envelopes: Sequence[Envelope], window: Window | None = None) -> list[Answer]:
        """Send them in order; one Answer each. Never raises for what a server or a line does: a broken line makes
        the mail whose body left without an answer "unknown" and the ones behind it "untried". So are those for which
        the window is too short (stage "late"); the line is closed then."""
        answers: list[Answer] = []
        self._owed, self._window = False, window
        body = b""  # of the mail that the server said 354 to, not sent yet
        try:
            self._socket.settimeout(self._timeout)
            for envelope in envelopes:
                if self._refused and self._pipelining:
                    self._write(b"RSET\r\n")
                    self._reply()
                self._in_time()
                refusal = self._begin(envelope, body, answers)
                body, self._refused = b"", refusal is not None
                if refusal is not None:
                    answers.append(refusal)
                    if refusal.code == 421:
                        raise Gone(refusal.words)
                    continue
                body = _stuffed(envelope.data)
                if not self._pipelining:
                    self._finish(body, b"", answers)
                    body = b""
            if body:
                self._finish(body, b"", answers)
        except (OSError, Gone) as error:
            words = str(error) or "connection lost"
            self.close()
            if self._owed:
                answers.append(Answer("unknown", f"connection lost before the answer: {words}"[:500]))
            untried = Answer("untried", stage="late") if isinstance(error, Late) else Answer("untried", words[:500])
            answers += [untried] * (len(envelopes) - len(answers))
        return answers

    def _in_time(self) -> None:
        """Before a mail, and before its body, which may be long after: this process may have stood still."""
        if self._window is not None:
            if self._window.over():
                raise Late
            self._socket.settimeout(min(self._timeout, self._window.patience()))

    #: A body has left whole or in part, and its answer has not come
    _owed = False
    _window: Window | None = None
    #: The last mail was refused, so that the server still has its MAIL open
    _refused = False

    @property
    def _pipelining(self) -> bool:
        return "PIPELINING" in self.features

    def _finish(self, body: bytes, behind: bytes, answers: list[Answer]) -> None:
        """Send a body and, in the same write, the commands behind it; take the body's answer."""
        self._in_time()
        self._owed = True
        self._write(body + behind)
        crash.point("smtp.body")
        answers.append(_answer(*self._reply(), "data"))
        self._owed = False

    def _begin(self, envelope: Envelope, before: bytes, answers: list[Answer]) -> Answer | None:
        """MAIL, RCPT and DATA, with the body of the mail before in front of them. The refusal, or None at 354."""
        problem = self._unfit(envelope)
        if problem:
            if before:
                self._finish(before, b"", answers)
            return problem
        extra = " SMTPUTF8" if not (envelope.sender + envelope.recipient).isascii() else ""
        if "SIZE" in self.features:
            extra += f" SIZE={len(envelope.data)}"
        commands = [
            f"MAIL FROM:<{envelope.sender}>{extra}\r\n".encode(),
            f"RCPT TO:<{envelope.recipient}>\r\n".encode(),
            b"DATA\r\n",
        ]
        if not self._pipelining:
            return self._step_by_step(commands)
        if before:
            self._finish(before, b"".join(commands), answers)
        else:
            self._write(b"".join(commands))
        replies = [self._reply() for _ in commands]
        refusal = _first_refusal(replies)
        if refusal is not None and replies[2][0] == 354:  # the server waits for a body that nobody gets
            self._write(b".\r\n")
            self._reply()
        return refusal

    def _step_by_step(self, commands: list[bytes]) -> Answer | None:
        replies: list[tuple[int, str]] = []
        for command in commands:
            self._write(command)
            replies.append(self._reply())
            refusal = _first_refusal(replies)
            if refusal is not None:
                if refusal.code != 421:
                    self._write(b"RSET\r\n")
                    self._reply()
                return refusal
        return None

    def _unfit(self, envelope: Envelope) -> Answer | None:
        """What this server cannot take at all."""
        for address in (envelope.sender, envelope.recipient):
            if any(c in address for c in "<> \r\n\t\0"):
                return Answer("never", f"not an address: {address!r}"[:200], 553, "rcpt")
        if not (envelope.sender + envelope.recipient).isascii() and "SMTPUTF8" not in self.features:
            return Answer("never", "the server does not take international addresses (SMTPUTF8)", 553, "data")
        limit = self.features.get("SIZE", "")
        if limit.isdigit() and 0 < int(limit) < len(envelope.data):
            return Answer("never", f"the mail is larger than the server takes ({limit} bytes)", 552, "data")
        return None

    # -- the line ------------------------------------------------------------------------------------------------
    def alive(self) -> bool:
        """Whether the server still answers (NOOP)."""
        try:
            self._socket.settimeout(self._timeout)
            self._write(b"NOOP\r\n")
            return self._reply()[0] == 250
        except (OSError, Gone):
            self.close()
            return False

    def quit(self) -> None:
        """Say goodbye and close."""
        with suppress(OSError, Gone):
            self._write(b"QUIT\r\n")
        self.close()

    def close(self) -> None:
        line = getattr(self, "_socket", None)
        if line is not None:
            line.close()

    def _write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _must(self, wanted: int, what: str) -> None:
        code, words = self._reply()
        if code != wanted:
            raise SmtpError(f"{self.server.host} refused {what}: {code} {words}")

    def _reply(self) -> tuple[int, str]:
        """(code, text), lines joined by a line feed. Raises Gone."""
        lines: list[str] = []
        while True:
            line = self._line()
            lines.append(line[4:])
            if line[3:4] != "-":
                break
        if not line[:3].isdigit():
            raise Gone(f"not an SMTP reply: {line[:100]!r}")
        return int(line[:3]), "\n".join(lines)

    def _line(self) -> str:
        while b"\n" not in self._buffer:
            if len(self._buffer) > 65_536:
                raise Gone("an SMTP reply without end")
            chunk = self._socket.recv(65_536)
            if not chunk:
                raise Gone("the server closed the connection")
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("utf-8", "replace")


def _stuffed(data: bytes) -> bytes:
    """A body as DATA wants it: lines that begin with a dot get another, and the lone dot ends it."""
    if data.startswith(b"."):
        data = b"." + data
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _first_refusal(replies: Sequence[tuple[int, str]]) -> Answer | None:
    for stage, (code, words) in zip(("mail", "rcpt", "data"), replies, strict=False):
        if code // 100 not in (2, 3):
            return _answer(code, words, stage)
    return None


def _answer(code: int, words: str, stage: str) -> Answer:
    kind = "sent" if code // 100 == 2 else "later" if code // 100 == 4 else "never"
    return Answer(kind, f"{code} {' '.join(words.split())}"[:500], code, stage)  # type: ignore[arg-type]
