"""Calling other systems: a signed POST of JSON over HTTP, without following redirects."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import os
import socket
import ssl
from urllib.parse import urlsplit

TIMEOUT = 10.0
#: "1": addresses of the own network may be called too (tests, a tool on the same host)
PRIVATE = "HEADWATER_WEBHOOKS_PRIVATE"


class Refused(Exception):
    """The address cannot or must not be called; trying again is of no use."""


def signature(secret: str, stamp: int, body: bytes) -> str:
    """ "t=UNIX,v1=HEX": HMAC-SHA256 of "UNIX.BODY" with the secret."""
    made = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={made}"


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """(status, the beginning of the answer). Raises Refused, and OSError where nobody answers."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise Refused("only http and https addresses without a password")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _resolved(parts.hostname, port)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        # Connect to the address that was checked, and check the certificate against the name.
        connection = http.client.HTTPSConnection(parts.hostname, port, timeout=TIMEOUT)
        context = ssl.create_default_context()
        connection.sock = context.wrap_socket(
            socket.create_connection((address, port), TIMEOUT), server_hostname=parts.hostname
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, port, timeout=TIMEOUT)
        connection.sock = socket.create_connection((address, port), TIMEOUT)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _resolved(host: str, port: int) -> str:
    """The address to connect to. Raises Refused for the own network, OSError for an unknown name."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if os.environ.get(PRIVATE) != "1" and any(not ipaddress.ip_address(a.split("%")[0]).is_global for a in found):
        raise Refused("an address of the own network")
    return found[0]
