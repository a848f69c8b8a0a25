"""Sending push messages that are due, in a thread of its own, so that a slow push service never makes a mail or a text
wait: claim a batch → each browser's push service → settle, as texts.py does.

Three transactions a batch, whatever its size; `run_once` may be killed anywhere (actions/pushclaims.py says what then).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import InterfaceError, OperationalError

from headwater.content.queries import contexts
from headwater.content.rules import MissingField, TemplateProblem
from headwater.core import crash
from headwater.core.config import config

from .actions.pushclaims import PushClaim, PushResult, Target, claim_pushes
from .actions.pushsettle import settle_pushes
from .channels import push
from .channels.letters import Window
from .queries import browsers, gates
from .queries.links import short_urls, shown_url
from .queries.templates import sources
from .rules import compose, pushing
from .rules.compose import Source
from .rules.delivery import Reply

log = logging.getLogger("headwater.pushes")
BATCH, AT_ONCE = 200, 16
#: After this long a message that a dead worker was sending is taken up again.
LEASE = timedelta(seconds=120)
#: How long a push service may take to answer, in seconds
PATIENCE = 10.0
#: `results`: outcomes that this thread knows and the database does not
_known = threading.local()
#: Push service -> until when it wants to be left alone (time.monotonic)
_busy: dict[str, float] = {}


def run_once() -> int:
    """One batch. Returns how many tries got an outcome (0: nothing due)."""
    _write_down()
    claims = claim_pushes(BATCH, LEASE)
    if not claims:
        return 0
    crash.point("push.claimed")
    results, ready = _prepare(claims)
    results += _send(ready)
    crash.point("push.answered")
    _known.results = results
    _write_down()
    crash.point("push.settled")
    return sum(1 for r in results if r.reply is None or r.reply.kind != "untried")


def _write_down() -> None:
    """Settle what is known; where the database is away it stays known (as delivery.py does)."""
    results = getattr(_known, "results", [])
    if not results:
        return
    try:
        settle_pushes(results)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        _known.results = []
        raise
    _known.results = []


def _prepare(claims: Sequence[PushClaim]) -> tuple[list[PushResult], list[tuple[PushClaim, Target, bytes]]]:
    """Results of what must not or cannot be sent, and the others with what their browsers are to show."""
    messages = {c.message_id: c for c in claims}
    stopped = gates.stopped([(m, c.person_id, "", c.purpose) for m, c in messages.items()], "push")
    found = sources({(c.template_id, c.version) for c in claims})
    values = contexts([c.person_id for c in claims])
    results: list[PushResult] = []
    ready: list[tuple[PushClaim, Target, bytes]] = []
    for c in claims:
        source, base = found.get((c.template_id, c.version)), values.get(c.person_id)
        why, body = stopped.get(c.message_id, ""), b""
        if not why and (source is None or base is None):
            why = "no_template" if source is None else "no_person"
        if not why and source and base:
            try:
                body = body_of(c, source, base)
            except MissingField as missing:
                why = f"missing_field:{missing.name}"
            except TemplateProblem:
                why = "template"
            else:
                why = "" if pushing.fits(body) else "too_long"
        if why or c.target is None:
            results.append(PushResult(c, refused=why))
        else:
            ready.append((c, c.target, body))
    return results, ready


def body_of(c: PushClaim, source: Source, base: dict[str, Any]) -> bytes:
    """What the service worker of a claim's browser gets. Raises MissingField and TemplateProblem."""
    home = str(base["workspace"]["base_url"])
    urls = short_urls(c.person_id, c.message_id, source, home)
    said = pushing.shown(source, compose.values(base, c.context, marketing=c.purpose == "marketing", urls=urls))
    receipt = shown_url(c.person_id, c.message_id, home, c.device_id)
    return pushing.payload(said, message=c.message_id.hex, receipt=receipt)


def _send(ready: Sequence[tuple[PushClaim, Target, bytes]]) -> list[PushResult]:
    """Hand them over, some at once, no faster than allowed. What is not begun in time, or whose push service asked to
    be left alone, waits."""
    if not ready:
        return []
    end = min(c.due_at for c, _, _ in ready)
    window, pace = Window(end - LEASE / 4, end - LEASE / 8), Pace(config.push_rate)
    courier = push.Courier(*browsers.courier_values())

    def one(item: tuple[PushClaim, Target, bytes]) -> PushResult:
        c, target, body = item
        service = urlsplit(target.endpoint).netloc
        left = _busy.get(service, 0.0) - time.monotonic()
        if left > 0:
            return PushResult(c, Reply("untried", "the push service asked to be left alone", wait=left))
        pace.wait()
        if window.over():
            return PushResult(c, Reply("untried", "no time left"))
        try:
            reply = courier.send(
                target.endpoint, target.p256dh, target.auth, body, message=c.message_id,
                urgent=c.purpose == "transactional", timeout=min(PATIENCE, window.patience()),
            )  # fmt: skip
        except Exception as error:  # a mistake must not stop the others
            log.exception("push_failed")
            reply = Reply("unknown", f"{type(error).__name__}: {error}"[:500])
        if reply.wait and reply.kind in ("later", "untried"):
            _busy[service] = time.monotonic() + min(reply.wait, 3600.0)
        crash.point("push.sent")
        return PushResult(c, reply)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="push") as pool:
        return list(pool.map(one, ready))


def plain(endpoint: str) -> bool:
    """Whether an address over http will do: in tests."""
    return push.allowed(endpoint)


class Pace:
    """So many a second at most (0: no limit)."""

    def __init__(self, rate: int) -> None:
        self.step, self.next, self.lock = 1 / rate if rate else 0.0, time.monotonic(), threading.Lock()

    def wait(self) -> None:
        """Until the next one may begin."""
        with self.lock:
            now = time.monotonic()
            at = self.next = max(self.next, now)
            self.next += self.step
        if at > now:
            time.sleep(at - now)
