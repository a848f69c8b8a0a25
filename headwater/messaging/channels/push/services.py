"""A push message to the push service of a browser: over connections that are kept, as a few services serve everybody.

What comes back: 201 (200, 202) sent; 404, 410 the browser takes nothing any more; 429 and 5xx later; the rest never.
"""

from __future__ import annotations

import email.utils
import http.client
import os
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlsplit

from headwater.core import clock

from ...rules.delivery import Reply
from .. import http as plain

#: A connection that was idle for so long is not used again; how many are kept for each service
IDLE, KEPT = 20.0, 16
_idle: dict[str, list[tuple[http.client.HTTPConnection, float]]] = defaultdict(list)
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Note:
    """A message as its service gets it: only the browser can read the body. topic: a later message of the same topic
    takes its place while it waits. ttl: for how many seconds the service keeps it."""

    endpoint: str
    body: bytes
    authorization: str
    topic: str
    ttl: int
    urgent: bool = False


def allowed(endpoint: str, own: str = "") -> bool:
    """Whether an address may be called over http, or in our own network: the demo's own push service (own: what its
    addresses begin with), and everything where HEADWATER_WEBHOOKS_PRIVATE says so."""
    return os.environ.get(plain.PRIVATE) == "1" or bool(own and endpoint.startswith(own))


def send(note: Note, timeout: float, *, guarded: bool = True) -> Reply:
    """Hand a message over once."""
    parts = urlsplit(note.endpoint)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "Authorization": note.authorization,
        "TTL": str(note.ttl),
        "Topic": note.topic,
        "Urgency": "high" if note.urgent else "normal",
        "User-Agent": "Headwater/1",
    }
    origin = f"{parts.scheme}://{parts.netloc} {guarded}"
    for line, kept in ((_kept(origin), True), (None, False)):
        if kept and line is None:
            continue
        try:
            line = line or plain.connect(parts, guarded, timeout)
        except plain.Refused as error:
            return Reply("never", str(error))
        except (OSError, ValueError) as error:
            return Reply("untried", f"{parts.hostname}: {error}"[:500], wait=60.0)
        try:
            if line.sock is not None:
                line.sock.settimeout(timeout)
            line.request("POST", path, note.body, headers)
            answer = line.getresponse()
            said = answer.read(2000).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            line.close()
            if kept:  # it may have died while it was idle; a repetition takes the place of the first
                continue
            return Reply("unknown", f"no answer: {error or type(error).__name__}"[:500])
        _keep(origin, line, answer)
        return _reply(answer, said)
    raise AssertionError("unreachable")


def probe(service: str, timeout: float = 5.0) -> str:
    """ "" where a push service ("https://host/") can be reached, else why not. Nothing is sent."""
    parts = urlsplit(service)
    try:
        plain.connect(parts, not allowed(service), timeout).close()
    except (plain.Refused, OSError, ValueError) as error:
        return f"{parts.hostname}: {error}"
    return ""


def _kept(origin: str) -> http.client.HTTPConnection | None:
    """A connection that is idle."""
    with _lock:
        while lines := _idle[origin]:
            line, since = lines.pop()
            if time.monotonic() - since < IDLE:
                return line
            line.close()
    return None


def _keep(origin: str, line: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
    if answer.will_close or not answer.isclosed():
        line.close()
        return
    with _lock:
        if len(_idle[origin]) < KEPT:
            _idle[origin].append((line, time.monotonic()))
            return
    line.close()


def _reply(answer: http.client.HTTPResponse, said: str) -> Reply:
    status, words = answer.status, f"{answer.status} {said[:300]}".strip()
    if status in (200, 201, 202):
        return Reply("sent", code=status)
    if status in (404, 410):
        return Reply("never", words, status, hard=True)
    if status == 429 or status >= 500 or status in (401, 403, 408, 425):
        # 401, 403: the service does not know our key (any more), or its clock is not ours
        return Reply("later", words, status, wait=_wait(answer.headers.get("Retry-After", ""), status))
    return Reply("never", words, status)


def _wait(given: str, status: int) -> float:
    """How long a service wants to be left alone, in seconds, up to a day."""
    if given.strip().isdigit():
        return min(86400.0, float(given))
    if given:
        try:
            until = email.utils.parsedate_to_datetime(given)
            return min(86400.0, max(1.0, (until - clock.now()).total_seconds()))
        except (TypeError, ValueError):
            pass
    return 5.0 if status == 429 else 0.0
