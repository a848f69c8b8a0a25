"""HTTP out of the house: one request, no redirects, and an error that says whether the request had left."""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

#: Answers after which nobody knows whether a request was carried out: whoever answers stands in between, or broke off
OPEN = frozenset((408, 500, 502, 504))
TIMEOUT = 10.0
#: "1": addresses of the own network may be called too (tests, a tool on the same host)
PRIVATE = "HEADWATER_WEBHOOKS_PRIVATE"


class Refused(Exception):
    """The address cannot or must not be called; trying again is of no use."""


class Unreached(OSError):
    """Nobody answers there: not a byte of the request has left."""


class Unanswered(OSError):
    """The connection broke, or it took too long, after the request had left in whole or in part."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its status, its headers in lower case, and the beginning of its text."""

    status: int
    headers: dict[str, str]
    text: str


def connect(parts: SplitResult, guarded: bool, timeout: float) -> http.client.HTTPConnection:
    """A connection to the host that an address names, for who keeps it for several requests. Raises Refused and
    OSError."""
    return _connect(parts, guarded, timeout)


def request(
    method: str,
    url: str,
    body: bytes | None,
    headers: dict[str, str],
    *,
    guarded: bool = True,
    timeout: float = TIMEOUT,
    most: int = 500,
) -> Response:
    """Ask once. guarded: an address of the own network is refused, as the address is not an administrator's. most: how
    many bytes of the answer are read. Raises Refused, Unreached and Unanswered."""
    parts = _parts(url)
    try:
        connection = _connect(parts, guarded, timeout)
    except OSError as error:
        raise Unreached(str(error) or type(error).__name__) from error
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read(most).decode("utf-8", "replace")
        return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)
    except (OSError, http.client.HTTPException) as error:
        raise Unanswered(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _parts(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise Refused("only http and https addresses without a password")
    return parts


def _connect(parts: SplitResult, guarded: bool, timeout: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _resolved(host, port, guarded)
    if parts.scheme == "http":
        plain = http.client.HTTPConnection(host, port, timeout=timeout)
        plain.sock = socket.create_connection((address, port), timeout)
        return plain
    # Connect to the address that was checked, and check the certificate against the name.
    secure = http.client.HTTPSConnection(host, port, timeout=timeout)
    context = ssl.create_default_context()
    secure.sock = context.wrap_socket(socket.create_connection((address, port), timeout), server_hostname=host)
    return secure


def _resolved(host: str, port: int, guarded: bool) -> str:
    """The address to connect to. Raises Refused for the own network, OSError for an unknown name."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    private = not guarded or os.environ.get(PRIVATE) == "1"
    if not private and any(not ipaddress.ip_address(a.split("%")[0]).is_global for a in found):
        raise Refused("an address of the own network")
    return found[0]
