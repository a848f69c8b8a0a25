"""Calling other systems: a signed POST of JSON over HTTP, without following redirects."""

from __future__ import annotations

import hashlib
import hmac

from .http import PRIVATE, Refused, request

__all__ = ["PRIVATE", "Refused", "post", "signature"]


def signature(secret: str, stamp: int, body: bytes) -> str:
    """ "t=UNIX,v1=HEX": HMAC-SHA256 of "UNIX.BODY" with the secret."""
    made = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={made}"


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """(status, the beginning of the answer). Raises Refused, and OSError where nobody answers."""
    answer = request("POST", url, body, {"Content-Type": "application/json", **headers})
    return answer.status, answer.text
