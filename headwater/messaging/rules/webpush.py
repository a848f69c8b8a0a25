"""Web push: who we are (VAPID, RFC 8292), what only her browser can read (aes128gcm, RFC 8188 and 8291), and the
addresses that browsers give."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import struct
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

#: Push services take 4096 bytes: header (86), the end of the record (1) and its tag (16) go off
MOST_BYTES = 4096 - 86 - 1 - 16
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_NAMESPACE = UUID("6f1d7c9e-0a55-4c54-9d5c-2f7a53f0b8a1")
_BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


class Unreadable(ValueError):
    """Keys or a body that are not what they should be."""


def encoded(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The same read back. Raises Unreadable."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("not base64url") from error


def private_key(secret: str) -> ec.EllipticCurvePrivateKey:
    """The installation's key: it follows from its secret, as the keys of links and webhooks do."""
    raw = hmac.digest(secret.encode(), b"headwater.push.vapid", "sha512")
    return ec.derive_private_key(int.from_bytes(raw, "big") % (_ORDER - 1) + 1, _CURVE)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as browsers write it: 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def authorization(endpoint: str, key: ec.EllipticCurvePrivateKey, *, subject: str, until: int) -> str:
    """The header that says who sends: good for every address of the same push service until then (UNIX time, at most
    a day ahead)."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": until, "sub": subject}
    said = ".".join(
        encoded(json.dumps(part, separators=(",", ":")).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims)
    )
    r, s = decode_dss_signature(key.sign(said.encode(), ec.ECDSA(SHA256())))
    signature = encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={said}.{signature}, k={encoded(point(key.public_key()))}"


def encrypt(
    body: bytes,
    p256dh: str,
    auth: str,
    *,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """What only that browser can read. sender, salt: made anew for each message (given in tests). Raises Unreadable."""
    theirs, secret = public_key(p256dh), decoded(auth)
    sender, salt = sender or ec.generate_private_key(_CURVE), salt or os.urandom(16)
    ours = point(sender.public_key())
    key, nonce = _derived(sender.exchange(ec.ECDH(), theirs), secret, point(theirs), ours, salt)
    sealed = AESGCM(key).encrypt(nonce, body + b"\x02", None)
    return salt + struct.pack(">IB", 4096, len(ours)) + ours + sealed


def decrypt(body: bytes, own: ec.EllipticCurvePrivateKey, auth: str) -> bytes:
    """What a browser does. Raises Unreadable."""
    if len(body) < 86 + 17 or body[20] != 65:
        raise Unreadable("too short")
    salt, ours = body[:16], body[21:86]
    shared = own.exchange(ec.ECDH(), public_key(encoded(ours)))
    key, nonce = _derived(shared, decoded(auth), point(own.public_key()), ours, salt)
    try:
        padded = AESGCM(key).decrypt(nonce, body[86:], None)
    except InvalidTag as error:
        raise Unreadable("not for this browser") from error
    return padded.rstrip(b"\x00")[:-1]


def _derived(shared: bytes, auth: bytes, theirs: bytes, ours: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """(key, nonce) of the one record that a message is."""
    material = _hmac(_hmac(auth, shared), b"WebPush: info\x00" + theirs + ours + b"\x01")
    seed = _hmac(salt, material)
    key = _hmac(seed, b"Content-Encoding: aes128gcm\x00\x01")[:16]
    return key, _hmac(seed, b"Content-Encoding: nonce\x00\x01")[:12]


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def public_key(text: str) -> ec.EllipticCurvePublicKey:
    """A browser's key. Raises Unreadable."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, decoded(text))
    except ValueError as error:
        raise Unreadable("not a key") from error


def check(endpoint: str, p256dh: str, auth: str, *, plain: bool = False) -> str:
    """What is wrong with a subscription: "endpoint", "p256dh", "auth"; "" where nothing is. plain: http will do (a push
    service of one's own, in tests). Whether its host may be asked is found out when it is."""
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        return "endpoint"
    good = parts.scheme == "https" or (plain and parts.scheme == "http")
    if not good or not parts.hostname or parts.username or parts.fragment or not 10 < len(endpoint) <= 2000:
        return "endpoint"
    if not endpoint.isascii() or re.search(r"[\x00-\x20\x7f]", endpoint):
        return "endpoint"
    try:
        public_key(p256dh)
    except Unreadable:
        return "p256dh"
    try:
        return "" if len(decoded(auth)) == 16 else "auth"
    except Unreadable:
        return "auth"


def browser_id(endpoint: str) -> UUID:
    """What a browser's subscription is known by."""
    return uuid5(_NAMESPACE, endpoint)


def agent(user_agent: str) -> str:
    """ "Chrome, Windows": enough to tell somebody's browsers apart."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(part for part in (browser, system) if part)
