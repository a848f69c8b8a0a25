"""A push service on loopback for tests: checks who sends, and reads what comes as a browser does, by its own code."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
#: (status, headers) instead of taking the message; "cut": the line breaks before the answer
Will = Callable[[str, int], tuple[int, dict[str, str]] | str | None]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """A browser with a subscription."""

    name: str
    service: PushService
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.service.port}/send/{self.name}"

    def given(self) -> dict[str, Any]:
        """As `PushSubscription.toJSON()` gives it."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": b64(self.point), "auth": b64(self.auth)}}

    def read(self, body: bytes) -> dict[str, Any]:
        salt, theirs = body[:16], body[21:86]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
        material = HKDF(SHA256(), 32, self.auth, b"WebPush: info\x00" + self.point + theirs).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(material)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(material)
        plain = AESGCM(key).decrypt(nonce, body[86:], None)
        assert plain[-1:] == b"\x02"
        return json.loads(plain[:-1])  # type: ignore[no-any-return]


@dataclass
class PushService:
    """What came. `answer(browser, times asked)` gives (status, headers), "cut" or None: it is taken."""

    port: int = 0
    browsers: dict[str, Browser] = field(default_factory=dict)
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    signed: list[dict[str, Any]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    connections: set[Any] = field(default_factory=set)
    answer: Will = lambda browser, times: None

    def browser(self, name: str) -> Browser:
        return self.browsers.setdefault(name, Browser(name, self))


def signature(header: str) -> dict[str, Any]:
    """The claims of a VAPID header whose signature is good, with the key that made it."""
    kind, _, rest = header.partition(" ")
    assert kind == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    head, claims, signed = parts["t"].split(".")
    assert json.loads(unb64(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = unb64(signed)
    made = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(parts["k"]))
    key.verify(made, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    return {**json.loads(unb64(claims)), "k": parts["k"]}


@contextmanager
def running(service: PushService) -> Iterator[PushService]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            name = self.path.rpartition("/")[2]
            service.asked[name] = service.asked.get(name, 0) + 1
            service.connections.add(self.client_address)
            try:
                service.signed.append(signature(self.headers["Authorization"]))
            except (InvalidSignature, AssertionError, KeyError, ValueError):
                return self.say(403, {}, b"bad signature")
            will = service.answer(name, service.asked[name])
            if isinstance(will, tuple):
                return self.say(*will, b"as you wished")
            service.headers.append({k.lower(): v for k, v in self.headers.items()})
            service.taken.append((name, service.browsers[name].read(body)))
            if will == "cut":
                self.close_connection = True
                self.connection.shutdown(2)
                return None
            return self.say(201, {}, b"")

        def say(self, status: int, headers: dict[str, str], words: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(words))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
