"""Compact signed tokens in the links of mails, and the ids and digests that mails are known by.

A token is base64url of payload and a truncated HMAC-SHA256; the kind is part of what is signed, so that a click's
token cannot unsubscribe anybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

Kind = Literal["click", "open", "unsubscribe", "view", "receipt"]
_KINDS: dict[Kind, bytes] = {"click": b"c", "open": b"o", "unsubscribe": b"u", "view": b"v", "receipt": b"r"}
_MAC = 12
#: Of the links in texts, where each character counts
_SHORT_MAC = 6
#: How long a text's token is for people of a large installation
SHORT_LENGTH = 20
_BODY = struct.Struct(">q16s")
_LINK = struct.Struct(">I")
_VISIT = struct.Struct(">qI")
#: How long the parameter that ties a visitor to a person after a click is good
VISIT_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Token:
    """What a genuine token says. `link` is 0 where it is not a click."""

    person_id: int
    message_id: UUID
    link: int = 0


def masked(email: str) -> str:
    """An address as a log may keep it where only its hash is kept: "a…@example.com"."""
    local, at, domain = email.strip().rpartition("@")
    return f"{local[:1]}…{at}{domain}"


def key_of(secret: str) -> bytes:
    """The signing key derived from the installation's secret."""
    return hashlib.sha256(b"headwater.mail\0" + secret.encode()).digest()


def sign(kind: Kind, token: Token, key: bytes) -> str:
    """The token as it stands in a link (51 to 56 characters)."""
    body = _BODY.pack(token.person_id, token.message_id.bytes)
    if kind == "click":
        body += _LINK.pack(token.link)
    return _seal(_KINDS[kind], body, key)


def verify(kind: Kind, text: str, key: bytes) -> Token | None:
    """What the token says, or None where it is forged, cut, or of another kind. Takes the same time for each."""
    body = _unseal(_KINDS[kind], text, key)
    if body is None or len(body) != _BODY.size + (_LINK.size if kind == "click" else 0):
        return None
    person_id, message = _BODY.unpack_from(body)
    link = _LINK.unpack_from(body, _BODY.size)[0] if kind == "click" else 0
    return Token(person_id, UUID(bytes=message), link)


def sign_visit(person_id: int, at: datetime, key: bytes) -> str:
    """The value of `hw_m`: ties the browser that follows a link to the person, for a short time."""
    until = int((at + timedelta(minutes=VISIT_MINUTES)).timestamp())
    return _seal(b"m", _VISIT.pack(person_id, until), key)


def verify_visit(text: str, at: datetime, key: bytes) -> int | None:
    """The person of an `hw_m` value, or None where it is forged or too old."""
    body = _unseal(b"m", text, key)
    if body is None or len(body) != _VISIT.size:
        return None
    person_id, until = _VISIT.unpack(body)
    return int(person_id) if at.timestamp() <= until else None


def sign_short(person_id: int, message_id: UUID, place: int, key: bytes) -> str:
    """The token of a link in a text, of 14 to 20 characters: the person, the end of the message's id (which is chance),
    and the link's place among those of its template (0 to 255)."""
    person = person_id.to_bytes(max(1, (person_id.bit_length() + 7) // 8), "big")
    body = bytes([place]) + message_id.bytes[-4:] + person
    mac = hmac.digest(key, b"s" + body, "sha256")[:_SHORT_MAC]
    return base64.urlsafe_b64encode(body + mac).rstrip(b"=").decode()


def verify_short(text: str, key: bytes) -> tuple[int, bytes, int] | None:
    """(person, the last four bytes of the message's id, the link's place), or None where it is forged or cut."""
    if not text.isascii() or len(text) > 30:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) < 6 + _SHORT_MAC or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        return None
    body, mac = raw[:-_SHORT_MAC], raw[-_SHORT_MAC:]
    if not hmac.compare_digest(mac, hmac.digest(key, b"s" + body, "sha256")[:_SHORT_MAC]):
        return None
    return int.from_bytes(body[5:], "big"), body[1:5], body[0]


def new_id(at: datetime) -> UUID:
    """A version 7 UUID: ordered by time, unique without asking anybody."""
    millis = int(at.timestamp() * 1000)
    raw = (millis << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62)
    return UUID(int=raw)


def id_time(message_id: UUID) -> datetime:
    """When an id of `new_id` was made."""
    return datetime.fromtimestamp((message_id.int >> 80) / 1000, UTC)


def email_digest(email: str) -> str:
    """What the suppression list keeps of an address, or of a number (+4915...): sha256 of it in lower case."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def _seal(kind: bytes, body: bytes, key: bytes) -> str:
    mac = hmac.digest(key, kind + body, "sha256")[:_MAC]
    return base64.urlsafe_b64encode(body + mac).rstrip(b"=").decode()


def _unseal(kind: bytes, text: str, key: bytes) -> bytes | None:
    if not text.isascii() or len(text) > 200:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) <= _MAC or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        return None
    body, mac = raw[:-_MAC], raw[-_MAC:]
    return body if hmac.compare_digest(mac, hmac.digest(key, kind + body, "sha256")[:_MAC]) else None
