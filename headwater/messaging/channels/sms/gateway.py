"""Any other provider: an HTTP request whose address, headers and body are written in the environment.

HEADWATER_SMS_URL, _METHOD, _HEADERS, _BODY, _FROM, _SUCCESS, _ID, _KEYED; docs/texts.md has examples. `{{ to }}`,
`{{ from }}`, `{{ text }}`, `{{ id }}`, `{{ callback }}` and `{{ digits }}` (the number without +) are filled in.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from headwater.content.rules import MissingField, TemplateProblem, render

from ...rules.delivery import Reply
from .. import http
from .base import Inbound, Receipt, Text

BODY = '{"to": "{{ to }}", "from": "{{ from }}", "text": "{{ text }}", "id": "{{ id }}", "callback": "{{ callback }}"}'
#: By which names providers call these in what they send
_FROM = ("from", "From", "msisdn", "sender", "source", "mobile", "originator", "number")
_TEXT = ("text", "Body", "body", "message", "content", "msg")
_STATE = ("status", "state", "MessageStatus", "message-status", "dlr", "deliveryStatus", "Status", "stat")
_WHY = ("error", "reason", "err-code", "description", "error_message", "errorText")
_DELIVERED = ("deliv", "dlvrd", "received", "read")
_FAILED = ("fail", "undeliv", "reject", "expire", "error", "unknown", "block", "invalid")


@dataclass(frozen=True)
class Gateway:
    """A request made ready. success: a text that an answer must hold, or `path=value` in its JSON; "": any 2xx. id_at:
    where in the JSON the provider's id stands (messages.0.id)."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str = BODY
    sender: str = ""
    success: str = ""
    id_at: str = ""
    keyed: bool = False

    @classmethod
    def from_environment(cls, url: str) -> Gateway:
        """Raises ValueError on settings that cannot be right."""

        def setting(name: str, default: str = "") -> str:
            return os.environ.get(f"HEADWATER_SMS_{name}", "").strip() or default

        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError("HEADWATER_SMS_URL must look like twilio://... or https://...")
        method = setting("METHOD", "POST").upper()
        if method not in ("GET", "POST", "PUT"):
            raise ValueError("HEADWATER_SMS_METHOD is GET, POST or PUT")
        try:
            headers = json.loads(setting("HEADERS", "{}"))
            made = cls(
                url, method, {str(k): str(v) for k, v in headers.items()}, setting("BODY", BODY), setting("FROM"),
                setting("SUCCESS"), setting("ID"), setting("KEYED").lower() in ("1", "true", "yes", "on"),
            )  # fmt: skip
        except (ValueError, AttributeError) as error:
            raise ValueError(f"HEADWATER_SMS_HEADERS is a JSON object: {error}") from error
        made._request({"to": "", "digits": "", "from": "", "text": "", "id": "", "callback": ""})
        return made

    @property
    def name(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def host(self) -> str:
        parts = urlsplit(self.url)
        return (parts.hostname or "") + (f":{parts.port}" if parts.port else "")

    @property
    def encrypted(self) -> bool:
        return self.url.startswith("https:")

    def send(self, text: Text, timeout: float) -> Reply:
        """One request."""
        values = {
            "to": text.to,
            "digits": text.to.lstrip("+"),
            "from": text.sender or self.sender,
            "text": text.body,
            "id": text.id,
            "callback": text.callback,
        }
        try:
            url, body, headers = self._request(values)
            answer = http.request(self.method, url, body, headers, guarded=False, timeout=timeout, most=20_000)
        except http.Unanswered as error:
            return Reply("unknown", f"no answer: {error}"[:500])
        except (http.Refused, OSError, ValueError) as error:
            return Reply("untried", str(error)[:500])
        return self._reply(answer)

    def find(self, text: Text, timeout: float) -> Reply | None:
        """A gateway cannot be asked."""
        return None

    def genuine(self, url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """The address itself is the proof: it holds a secret that nobody else has."""
        return True

    def receipt(self, params: Mapping[str, str]) -> Receipt:
        state = _first(params, _STATE).lower()
        if any(word in state for word in _FAILED):
            why = _first(params, _WHY)
            return Receipt("failed", f"{state} {why}".strip()[:500])
        return Receipt("delivered" if any(word in state for word in _DELIVERED) else "")

    def inbound(self, params: Mapping[str, str]) -> Inbound | None:
        sender = international(_first(params, _FROM))
        return Inbound(sender, _first(params, _TEXT)) if sender else None

    def probe(self) -> str:
        """Whether somebody listens there; nothing is sent."""
        try:
            http.request("HEAD", self.url, None, {}, guarded=False)
        except http.Unanswered:
            return ""
        except (http.Refused, OSError) as error:
            return f"{self.host}: {error}"
        return ""

    def _request(self, values: Mapping[str, str]) -> tuple[str, bytes | None, dict[str, str]]:
        """(url, body, headers) with the values in them. Raises ValueError."""
        headers = {"User-Agent": "Headwater/1", **{k: _filled(v, values) for k, v in self.headers.items()}}
        parts = urlsplit(self.url)
        query = urlencode([(k, _filled(v, values)) for k, v in parse_qsl(parts.query, keep_blank_values=True)])
        url = urlunsplit(parts._replace(query=query))
        if self.method == "GET":
            return url, None, headers
        if self.body.lstrip().startswith(("{", "[")) and not self.body.lstrip().startswith("{{"):
            headers.setdefault("Content-Type", "application/json")
            return url, json.dumps(_into(json.loads(self.body), values), ensure_ascii=False).encode(), headers
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        pairs = [part.partition("=") for part in self.body.split("&")]
        return url, urlencode([(k.strip(), _filled(v.strip(), values)) for k, _, v in pairs]).encode(), headers

    def _reply(self, answer: http.Response) -> Reply:
        words = f"{answer.status} {answer.text[:300]}".strip()
        if answer.status == 429:
            wait = answer.headers.get("retry-after", "")
            return Reply(
                "later",
                words,
                answer.status,
                wait=min(3600.0, float(wait)) if wait.isascii() and wait.isdigit() else 5.0,
            )
        if answer.status in (401, 403, 404):
            return Reply("untried", words, answer.status, wait=60.0)
        if answer.status in http.OPEN:
            return Reply("unknown", words, answer.status)
        if answer.status >= 500 or answer.status == 425:
            return Reply("later", words, answer.status)
        try:
            said = json.loads(answer.text)
        except ValueError:
            said = None
        if answer.status >= 300 or not self._succeeded(said, answer.text):
            return Reply("never", words, answer.status)
        found = _at(said, self.id_at) if self.id_at else ""
        return Reply("sent", code=answer.status, id="" if found is None else str(found)[:160])

    def _succeeded(self, said: Any, text: str) -> bool:
        if not self.success:
            return True
        path, equals, wanted = self.success.partition("=")
        if not equals or said is None:
            return self.success in text
        return str(_at(said, path.strip())) == wanted.strip()


def international(number: str) -> str:
    """A number with its +: many write 4915112345678 or 004915112345678. What is no whole number stays as it is."""
    digits = re.sub(r"[\s().-]", "", number)
    if not (digits.isascii() and digits.isdigit()) or len(digits) < 8:
        return number
    return f"+{digits.removeprefix('00')}" if digits[0] != "0" or digits.startswith("00") else number


def _first(params: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((params[name] for name in names if params.get(name)), "")


def _filled(template: str, values: Mapping[str, str]) -> str:
    if "{" not in template:
        return template
    try:
        return render(template, values)
    except (MissingField, TemplateProblem) as problem:
        raise ValueError(str(problem)) from problem


def _into(shape: Any, values: Mapping[str, str]) -> Any:
    """JSON with the values in its texts."""
    if isinstance(shape, str):
        return _filled(shape, values)
    if isinstance(shape, list):
        return [_into(item, values) for item in shape]
    return {k: _into(v, values) for k, v in shape.items()} if isinstance(shape, dict) else shape


def _at(said: Any, path: str) -> Any:
    """What stands at "messages.0.id"; None where nothing does."""
    for step in path.split("."):
        if isinstance(said, list) and step.isdigit() and int(step) < len(said):
            said = said[int(step)]
        elif isinstance(said, dict):
            said = said.get(step)
        else:
            return None
    return said
