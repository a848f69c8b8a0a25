"""Pure decisions of capture, free of Django."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import uuid
from functools import lru_cache

MASK63 = (1 << 63) - 1
#: A visitor's token as the script makes it (22 characters) or as a site of its own makes it.
TOKEN = re.compile(r"^[A-Za-z0-9_.:-]{8,64}$")


@lru_cache(maxsize=100_000)
def visitor_id(token: str) -> int:
    """The key of a browser: 63 bits of a hash of its token, so that the token itself is never stored."""
    digest = hashlib.blake2b(token.encode(), digest_size=8, person=b"hw-visitor").digest()
    return int.from_bytes(digest, "big") & MASK63


@lru_cache(maxsize=100_000)
def identity_key(email: str) -> int:
    """A 63-bit key that stands for an address before anybody knows whose it is: it chooses the intake lane."""
    digest = hashlib.blake2b(email.strip().lower().encode(), digest_size=8, person=b"hw-email").digest()
    return int.from_bytes(digest, "big") & MASK63


def event_key(scope: str, identity: int, client_id: str) -> uuid.UUID:
    """The id of a fact whose sender named it: the same event of the same sender has the same id for ever."""
    text = f"{scope}\n{identity}\n{client_id}".encode()
    return uuid.UUID(bytes=hashlib.blake2b(text, digest_size=16, person=b"hw-event").digest(), version=4)


def row_key(lane_key: int, row_id: int) -> uuid.UUID:
    """The id of a fact whose sender gave none: made from its intake row."""
    return event_key("row", lane_key & MASK63, str(row_id))


@lru_cache(maxsize=10_000)
def shorten_address(address: str) -> str:
    """An address without the part that names a household: /24 and /48."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 48}", strict=False).network_address)
