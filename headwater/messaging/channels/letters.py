"""What the SMTP channel is given: a server, letters, and the time in which they may go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote, urlsplit

from headwater.core import clock

#: How long a server may take to answer, in seconds
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Window:
    """When a batch may be sent: no mail is begun after `last`, no answer waited for after `end`. Beyond, somebody else
    may be sending the same mails."""

    last: datetime
    end: datetime

    def over(self) -> bool:
        return clock.now() >= self.last

    def patience(self) -> float:
        """How long an answer may take, in seconds."""
        return max(0.5, (self.end - clock.now()).total_seconds())


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail for one address, as bytes with CRLF."""

    sender: str
    recipient: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Server:
    """Where to send: smtp://, smtp+starttls:// or smtps://, with user and password where it wants them."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def from_url(cls, url: str) -> Server:
        """Raises ValueError on an address that is none."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname:
            raise ValueError(f"not an SMTP address: {url!r}")
        port = parts.port or {"smtp": 25, "smtps": 465, "smtp+starttls": 587}[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""))
