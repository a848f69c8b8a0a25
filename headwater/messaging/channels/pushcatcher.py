"""The demo's own push service, with the browsers of people who do not exist: takes messages over real HTTP, reads them
as a browser does, keeps them for the inbox page and tells that they were shown.

A real browser's subscription in the demo goes to its real push service.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import connection, transaction

from headwater.content.queries import workspace_context
from headwater.core import clock
from headwater.core.config import config

from ..rules import webpush
from . import http
from .catcher import KEEP

log = logging.getLogger("headwater.pushcatcher")
#: How long a browser takes to show a message, in seconds
DELIVERY = 0.3
_LONGEST = 8192
#: What addresses of made-up browsers begin with: of no use anywhere but here, whatever port it is
MADE_UP = "https://push.northstar.example/"


def address() -> tuple[str, int]:
    """Where it listens: HEADWATER_PUSHCATCHER_PORT, else 27 above the web's port; loopback only."""
    given = os.environ.get("HEADWATER_PUSHCATCHER_PORT", "").strip()
    return "127.0.0.1", int(given) if given.isdigit() else config.port + 27


def url() -> str:
    """Where messages for made-up browsers go; "" where this is no demo."""
    if not (config.demo or workspace_context()["is_demo"]):
        return ""
    host, port = address()
    return f"http://{host}:{port}/push/"


def made_up(number: uuid.UUID) -> tuple[str, str, str]:
    """(endpoint, p256dh, auth) of a browser that does not exist; they follow from the installation's secret key."""
    key, auth = _keys(number)
    public = webpush.encoded(webpush.point(key.public_key()))
    return f"{MADE_UP}{number.hex}", public, webpush.encoded(auth)


def _keys(number: uuid.UUID) -> tuple[ec.EllipticCurvePrivateKey, bytes]:
    seed = hmac.digest(settings.SECRET_KEY.encode(), b"headwater.pushcatcher" + number.bytes, hashlib.sha256)
    return webpush.private_key(seed.hex()), seed[:16]


def start() -> Callable[[], None]:
    """Start the server in threads of its own; returns what stops it. Raises OSError where the port is taken."""
    server = ThreadingHTTPServer(address(), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="pushcatcher", daemon=True).start()
    log.info("pushcatcher_ready", extra={"host": server.server_address[0], "port": server.server_address[1]})

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "HeadwaterDemo"
    timeout = 30

    def do_POST(self) -> None:
        """A message for a browser."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LONGEST:
            self.close_connection = True
            return self._answer(413, "at most 4096 bytes")
        raw = self.rfile.read(length)
        try:
            number = uuid.UUID(self.path.rpartition("/")[2])
            key, auth = _keys(number)
            said = json.loads(webpush.decrypt(raw, key, webpush.encoded(auth)))
        except ValueError as error:
            return self._answer(400, str(error))
        if not self.headers.get("Authorization", "").startswith("vapid t="):
            return self._answer(401, "no VAPID signature")
        try:
            _keep(number, said)
        except Exception:
            log.exception("pushcatcher_failed")
            return self._answer(503, "cannot keep the message now")
        self._answer(201, "")
        if said.get("r"):
            threading.Timer(DELIVERY, _shown, [said["r"]]).start()

    def _answer(self, status: int, words: str) -> None:
        body = words.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The log is for what goes wrong."""


def _keep(number: uuid.UUID, said: dict[str, str]) -> None:
    from ..actions.caught import keep_push

    try:
        with transaction.atomic():
            keep_push(browser=number, said=said, received_at=clock.now(), limit=KEEP)
    finally:
        connection.close()


def _shown(where: str) -> None:
    try:
        http.request("POST", where, b"", {}, guarded=False)
    except (OSError, http.Refused) as error:  # the pages' process may be away for a moment
        log.warning("shown_not_told", extra={"why": str(error)})
