"""Twilio: texts over its REST API, its signed calls back, and what its error codes mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ...rules.delivery import Reply
from .. import http
from .base import Inbound, Receipt, Text

#: No text ever reaches this number: not one, not a mobile, a landline
_HARD = frozenset({21211, 21214, 21217, 21614, 30005, 30006})
#: She has told Twilio that she wants none
_STOPPED = frozenset({21610})
#: Seconds to wait before the next try where the account is refused, or too much came at once
_ACCOUNT, _BUSY = 60.0, 5.0


@dataclass(frozen=True)
class Twilio:
    """An account. sender: a number, a name, or a messaging service (MG...)."""

    api: str
    account: str
    secret: str = field(repr=False)
    sender: str
    name: str = "Twilio"
    keyed: bool = False

    @classmethod
    def from_url(cls, url: str) -> Twilio:
        """twilio://ACCOUNT:TOKEN@api.twilio.com?from=+15550100 (`twilio+http`: without encryption, for tests). Raises
        ValueError."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query.replace("+", "%2B")))
        account, secret = unquote(parts.username or ""), unquote(parts.password or "")
        if parts.scheme not in ("twilio", "twilio+http") or not parts.hostname or not account or not secret:
            raise ValueError("write twilio://ACCOUNT:TOKEN@api.twilio.com?from=+15550100")
        if not options.get("from"):
            raise ValueError("say from which number or messaging service: ?from=+15550100 or ?from=MG...")
        scheme = "http" if parts.scheme == "twilio+http" else "https"
        where = parts.hostname + (f":{parts.port}" if parts.port else "")
        return cls(f"{scheme}://{where}", account, secret, options["from"])

    @property
    def host(self) -> str:
        return urlsplit(self.api).netloc

    @property
    def encrypted(self) -> bool:
        return self.api.startswith("https:")

    def send(self, text: Text, timeout: float) -> Reply:
        """POST /Messages.json."""
        sender = text.sender or self.sender
        said = {
            "To": text.to,
            "MessagingServiceSid" if sender.startswith("MG") else "From": sender,
            "Body": text.body,
        }
        # Twilio refuses addresses that it cannot call.
        if text.callback.startswith("https:") or (text.callback and not self.encrypted):
            said["StatusCallback"] = text.callback
        try:
            answer = self._ask("POST", "Messages.json", urlencode(said).encode(), timeout)
        except http.Unanswered as error:
            return Reply("unknown", f"no answer: {error}"[:500])
        except (http.Refused, OSError) as error:
            return Reply("untried", str(error)[:500])
        return _reply(answer)

    def find(self, text: Text, timeout: float) -> Reply | None:
        """Twilio knows no key of ours, but can be asked what it has sent to the number since."""
        since = text.queued_at.strftime("%Y-%m-%d")
        query = f"To={quote(text.to)}&DateSent%3E={since}&PageSize=50"
        try:
            answer = self._ask("GET", f"Messages.json?{query}", None, timeout, most=200_000)
            rows = json.loads(answer.text)["messages"] if answer.status == 200 else []
        except (http.Refused, OSError, ValueError, KeyError):
            return None
        for row in rows:
            if row.get("sid") in text.others:
                continue
            if row.get("to") == text.to and row.get("body") == text.body and row.get("direction") != "inbound":
                return Reply("sent", id=str(row.get("sid", "")), found=True)
        return None

    def genuine(self, url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """X-Twilio-Signature: HMAC-SHA1 of the address and the sorted parameters, with the account's token."""
        given = headers.get("X-Twilio-Signature", "")
        return hmac.compare_digest(given.encode(), signature(self.secret, url, params).encode())

    def receipt(self, params: Mapping[str, str]) -> Receipt:
        """MessageStatus, and ErrorCode where it failed."""
        state = params.get("MessageStatus", "")
        if state == "delivered":
            return Receipt("delivered")
        if state not in ("undelivered", "failed"):
            return Receipt("")
        code = params.get("ErrorCode", "")
        number = int(code) if code.isascii() and code.isdigit() and len(code) < 9 else 0
        words = params.get("ErrorMessage", "") or _WORDS.get(number, "")
        return Receipt("failed", f"{code} {words}".strip() or state, number in _HARD)

    def inbound(self, params: Mapping[str, str]) -> Inbound | None:
        return Inbound(params["From"], params.get("Body", "")) if params.get("From") else None

    def probe(self) -> str:
        """Whether the account can be signed in to."""
        try:
            answer = self._ask("GET", "Messages.json?PageSize=1", None, http.TIMEOUT)
        except (http.Refused, OSError) as error:
            return f"{self.host}: {error}"
        return "" if answer.status == 200 else f"{self.host}: {_reply(answer).words or answer.status}"

    def _ask(self, method: str, path: str, body: bytes | None, timeout: float, most: int = 20_000) -> http.Response:
        token = base64.b64encode(f"{self.account}:{self.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "User-Agent": "Headwater/1", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        url = f"{self.api}/2010-04-01/Accounts/{quote(self.account)}/{path}"
        return http.request(method, url, body, headers, guarded=False, timeout=timeout, most=most)


def signature(secret: str, url: str, params: Mapping[str, str]) -> str:
    """As Twilio signs what it calls."""
    said = url + "".join(f"{name}{params[name]}" for name in sorted(params))
    return base64.b64encode(hmac.digest(secret.encode(), said.encode(), hashlib.sha1)).decode()


def _reply(answer: http.Response) -> Reply:
    try:
        said: dict[str, Any] = json.loads(answer.text)
    except ValueError:
        said = {}
    if not isinstance(said, dict):
        said = {}
    status, code = answer.status, said.get("code")
    number = code if isinstance(code, int) else 0
    words = f"{number or status} {said.get('message') or answer.text[:200]}".strip()[:500]
    if 200 <= status < 300:
        return Reply("sent", code=status, id=str(said.get("sid", ""))[:160])
    if status in (401, 403, 404):
        return Reply("untried", words, status, wait=_ACCOUNT)
    if status == 429:
        return Reply("later", words, status, wait=_seconds(answer.headers.get("retry-after", "")) or _BUSY)
    if status in http.OPEN and not number:  # with a code it is Twilio itself who says that it has not taken it
        return Reply("unknown", words, status)
    if status >= 500 or status == 425:
        return Reply("later", words, status)
    return Reply("never", words, status, hard=number in _HARD, stopped=number in _STOPPED)


def _seconds(text: str) -> float:
    return min(3600.0, float(text)) if text.isascii() and text.isdigit() else 0.0


#: Twilio's words for the commonest codes of its calls back, which carry the code alone
_WORDS = {
    30001: "queue overflow",
    30002: "account suspended",
    30003: "unreachable destination handset",
    30004: "message blocked",
    30005: "unknown destination handset",
    30006: "landline or unreachable carrier",
    30007: "filtered by the carrier",
    30008: "unknown error",
    30034: "unregistered sender",
}
