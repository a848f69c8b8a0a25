"""The demo's own provider of texts: speaks as Twilio does, keeps each text for the inbox page, confirms its delivery by
a signed call, and passes on what somebody answers there.

The real adapter talks to it over real HTTP, so that the demo goes the way that texts go.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.db import connection, transaction

from headwater.core import clock
from headwater.core.config import config

from . import http
from .catcher import KEEP
from .sms.twilio import signature

log = logging.getLogger("headwater.textcatcher")
ACCOUNT, NUMBER = "ACdemo", "+15005550006"
#: How long a telephone takes to have a text, in seconds
DELIVERY = 0.3


def secret() -> str:
    """The token of the demo's account; it follows from the installation's secret key."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"headwater.textcatcher", hashlib.sha256).hex()[:32]


def address() -> tuple[str, int]:
    """Where it listens: HEADWATER_TEXTCATCHER_PORT, else 26 above the web's port; loopback only."""
    given = os.environ.get("HEADWATER_TEXTCATCHER_PORT", "").strip()
    return "127.0.0.1", int(given) if given.isdigit() else config.port + 26


def url() -> str:
    """The demo's account as HEADWATER_SMS_URL would name it."""
    host, port = address()
    return f"twilio+http://{ACCOUNT}:{secret()}@{host}:{port}?from={NUMBER}"


def start() -> Callable[[], None]:
    """Start the server in threads of its own; returns what stops it. Raises OSError where the port is taken."""
    server = ThreadingHTTPServer(address(), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="textcatcher", daemon=True).start()
    log.info("textcatcher_ready", extra={"host": server.server_address[0], "port": server.server_address[1]})

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop


def call(where: str, params: dict[str, str]) -> None:
    """Call the installation as the provider does, signed. Raises OSError and http.Refused."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature(secret(), where, params),
    }
    answer = http.request("POST", where, urlencode(params).encode(), headers, guarded=False)
    if answer.status >= 400:
        raise OSError(f"{answer.status} {answer.text[:200]}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "HeadwaterDemo"

    def do_POST(self) -> None:
        """A text to send."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._ours():
            return
        said = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        if not said.get("To", "").startswith("+") or not said.get("Body"):
            return self._answer(400, {"code": 21211, "message": f"Invalid 'To' Phone Number: {said.get('To', '')}"})
        sid = f"SM{uuid.uuid4().hex}"
        try:
            _keep(said, sid)
        except Exception:
            log.exception("textcatcher_failed")
            return self._answer(503, {"code": 20503, "message": "cannot keep the text now"})
        self._answer(201, {"sid": sid, "status": "queued", "to": said["To"], "body": said["Body"]})
        if said.get("StatusCallback"):
            threading.Timer(DELIVERY, _confirm, [said, sid]).start()

    def do_GET(self) -> None:
        """What was sent to a number."""
        if not self._ours():
            return
        wanted = dict(parse_qsl(urlsplit(self.path).query)).get("To", "")
        self._answer(200, {"messages": _sent_to(wanted)})

    def _ours(self) -> bool:
        token = base64.b64encode(f"{ACCOUNT}:{secret()}".encode()).decode()
        if hmac.compare_digest(self.headers.get("Authorization", ""), f"Basic {token}"):
            return True
        self._answer(401, {"code": 20003, "message": "Authenticate"})
        return False

    def _answer(self, status: int, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The log is for what goes wrong."""


def _keep(said: dict[str, str], sid: str) -> None:
    from ..actions.caught import keep_text

    try:
        with transaction.atomic():
            keep_text(
                sender=said.get("From", "") or said.get("MessagingServiceSid", ""),
                number=said["To"],
                text=said["Body"],
                provider_id=sid,
                received_at=clock.now(),
                limit=KEEP,
            )
    finally:
        connection.close()


def _sent_to(number: str) -> list[dict[str, str]]:
    from ..actions.caught import texts_to

    try:
        return [{"sid": sid, "to": number, "body": text, "direction": "outbound-api"} for sid, text in texts_to(number)]
    finally:
        connection.close()


def _confirm(said: dict[str, str], sid: str) -> None:
    params = {"MessageSid": sid, "MessageStatus": "delivered", "To": said["To"], "AccountSid": ACCOUNT}
    try:
        call(said["StatusCallback"], params)
    except (OSError, http.Refused) as error:  # the pages' process may be away for a moment
        log.warning("receipt_not_told", extra={"why": str(error)})
