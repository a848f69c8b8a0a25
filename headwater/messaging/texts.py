"""Sending texts (SMS) that are due: what delivery.py does for mails, over a provider's HTTP and in a thread of its own,
so that a slow provider never makes a mail wait.

Three transactions a batch, whatever its size; `run_once` may be killed anywhere (actions/textclaims.py says what then).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError

from headwater.content.queries import contexts, workspace_context
from headwater.content.rules import MissingField, TemplateProblem
from headwater.core import crash
from headwater.core.config import config

from .actions.textclaims import TextClaim, TextResult, claim_texts, settle_texts
from .channels import textcatcher
from .channels.letters import Window
from .channels.sms import Provider, Text, provider_of
from .queries import gates
from .queries.ledger import provider_ids
from .queries.links import receipt_url, short_urls
from .queries.templates import sources
from .rules import compose, segments
from .rules.compose import Source
from .rules.delivery import Reply

log = logging.getLogger("headwater.texts")
BATCH, AT_ONCE = 64, 8
#: After this long a text that a dead worker was sending is taken up again.
LEASE = timedelta(seconds=120)
#: How long a provider may take to answer, in seconds
PATIENCE = 10.0
#: `results`: outcomes that this thread knows and the database does not
_known = threading.local()


def provider() -> Provider | None:
    """Who sends texts: HEADWATER_SMS_URL, else the demo's own provider, else nobody (they stay queued)."""
    if config.sms_url:
        return provider_of(config.sms_url)
    if config.demo or workspace_context()["is_demo"]:
        return provider_of(textcatcher.url())
    return None


def run_once() -> int:
    """One batch. Returns how many texts got an outcome (0: nothing due, or no provider)."""
    _write_down()
    found = provider()
    if found is None:
        return 0
    claims = claim_texts(BATCH, LEASE)
    if not claims:
        return 0
    crash.point("text.claimed")
    results, ready = _prepare(claims)
    results += _send(found, ready)
    crash.point("text.answered")
    _known.results = results
    _write_down()
    crash.point("text.settled")
    return sum(1 for r in results if r.reply is None or r.reply.kind != "untried")


def _write_down() -> None:
    """Settle what is known; where the database is away it stays known (as delivery.py does)."""
    results = getattr(_known, "results", [])
    if not results:
        return
    try:
        settle_texts(results)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        _known.results = []
        raise
    _known.results = []


def _prepare(claims: Sequence[TextClaim]) -> tuple[list[TextResult], list[tuple[TextClaim, Text]]]:
    """Results of texts that must not or cannot be sent, and the others as they go out."""
    stopped = gates.stopped([(c.message_id, c.person_id, c.number, c.purpose) for c in claims], "sms")
    found = sources({(c.template_id, c.version) for c in claims})
    values = contexts([c.person_id for c in claims])
    results: list[TextResult] = []
    ready: list[tuple[TextClaim, Text]] = []
    for c in claims:
        source, base = found.get((c.template_id, c.version)), values.get(c.person_id)
        why = stopped.get(c.message_id, "")
        if not why and (source is None or base is None):
            why = "no_template" if source is None else "no_person"
        if not why and source and base:
            try:
                text = text_of(c, source, base)
            except MissingField as missing:
                why = f"missing_field:{missing.name}"
            except TemplateProblem:
                why = "template"
            else:
                why = "too_long" if len(text.body) > segments.MOST_CHARACTERS else ""
        if why:
            results.append(TextResult(c, refused=why))
        else:
            ready.append((c, text))
    return results, _beside_others(ready)


def _beside_others(ready: list[tuple[TextClaim, Text]]) -> list[tuple[TextClaim, Text]]:
    """Texts that may have gone out before know which the provider has of the others to their numbers: the same words
    twice are two texts."""
    again = [c for c, _text in ready if c.repeated]
    if not again:
        return ready
    others = provider_ids({c.number for c in again}, min(c.queued_at for c in again) - timedelta(days=2))
    return [(c, replace(text, others=others.get(c.number, frozenset()))) for c, text in ready]


def text_of(c: TextClaim, source: Source, base: Mapping[str, Any]) -> Text:
    """A claimed text as it goes out. Raises MissingField and TemplateProblem."""
    home = str(base["workspace"]["base_url"])
    urls = short_urls(c.person_id, c.message_id, source, home)
    context = compose.values(base, c.context, marketing=c.purpose == "marketing", urls=urls)
    _, _, body = compose.compose(source, context)
    callback = receipt_url(c.person_id, c.message_id, home)
    return Text(str(c.message_id), c.number, source.from_name, body.strip(), callback, c.queued_at)


def _send(found: Provider, ready: Sequence[tuple[TextClaim, Text]]) -> list[TextResult]:
    """Hand them over, some at once, those to one number one after the other. What is not begun in time, or after the
    provider asked to be left alone, waits."""
    if not ready:
        return []
    end = min(c.due_at for c, _ in ready)
    window, busy = Window(end - LEASE / 4, end - LEASE / 8), threading.Event()

    def one(item: tuple[TextClaim, Text]) -> TextResult:
        c, text = item
        reply = _hand_over(found, c, text, window) if not busy.is_set() else Reply("untried", "the provider is busy")
        if reply.wait or reply.kind == "untried":
            busy.set()
        return TextResult(c, reply, segments=segments.size_of(text.body).segments, keyed=found.keyed)

    def to_one_number(items: Sequence[tuple[TextClaim, Text]]) -> list[TextResult]:
        out: list[TextResult] = []
        for c, text in items:
            now = {r.reply.id for r in out if r.reply and r.reply.id}
            out.append(one((c, replace(text, others=text.others | now))))
        return out

    numbers: dict[str, list[tuple[TextClaim, Text]]] = {}
    for item in ready:
        numbers.setdefault(item[0].number, []).append(item)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="text") as pool:
        return [result for results in pool.map(to_one_number, numbers.values()) for result in results]


def _hand_over(found: Provider, c: TextClaim, text: Text, window: Window) -> Reply:
    if window.over():
        return Reply("untried", "no time left")
    try:
        known = found.find(text, min(PATIENCE, window.patience())) if c.repeated else None
        if known is not None:
            return known
        reply = found.send(text, min(PATIENCE, window.patience()))
    except Exception as error:  # a mistake in an adapter must not stop the others
        log.exception("text_failed")
        return Reply("unknown", f"{type(error).__name__}: {error}"[:500])
    crash.point("text.sent")
    return reply
