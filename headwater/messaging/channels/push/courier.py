"""Who we are towards push services: signs, seals and hands over."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from headwater.core import clock

from ...rules import pushing, webpush
from ...rules.delivery import Reply
from ..pushcatcher import MADE_UP
from .services import Note, allowed, send


class Courier:
    """For the time of a batch: one signature for each push service. subject: how a service may reach us; own: what
    addresses of the demo's own service begin with."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str, own: str) -> None:
        self.key, self.subject, self.own = key, subject, own
        self.until = int((clock.now() + timedelta(hours=12)).timestamp())
        self.signed: dict[str, str] = {}

    def send(
        self, endpoint: str, p256dh: str, auth: str, body: bytes, *, message: UUID, urgent: bool, timeout: float
    ) -> Reply:
        """One message to one browser; one of the demo's made-up ones is served by the demo itself."""
        if self.own and endpoint.startswith(MADE_UP):
            endpoint = self.own + endpoint.removeprefix(MADE_UP)
        parts = urlsplit(endpoint)
        service = f"{parts.scheme}://{parts.netloc}"
        if service not in self.signed:
            self.signed[service] = webpush.authorization(endpoint, self.key, subject=self.subject, until=self.until)
        try:
            sealed = webpush.encrypt(body, p256dh, auth)
        except webpush.Unreadable as error:
            return Reply("never", f"the browser's key: {error}", hard=True)
        ttl = int(pushing.KEPT.total_seconds())
        note = Note(endpoint, sealed, self.signed[service], message.hex, ttl, urgent)
        return send(note, timeout, guarded=not allowed(endpoint, self.own))
