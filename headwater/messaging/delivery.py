"""Sending what is due: claim a batch, speak SMTP outside any transaction, write the answers down.

Three transactions a batch, whatever its size; `run_once` may be killed anywhere (actions/claims.py says what then).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from datetime import timedelta

from django.db import InterfaceError, OperationalError

from headwater.content.queries import contexts, workspace_context
from headwater.content.rules import MissingField, TemplateProblem
from headwater.core import clock, crash
from headwater.core.config import config

from .actions.claims import Claim, Result, claim, settle
from .channels import catcher, pool
from .channels.letters import Envelope, Window
from .channels.smtp import SmtpError
from .queries import gates
from .queries.links import urls_of
from .queries.templates import sources
from .rules import compose, mime
from .rules.compose import Source, Urls
from .rules.delivery import Answer

log = logging.getLogger("headwater.delivery")
BATCH = int(os.environ.get("HEADWATER_MAIL_BATCH", "200"))
#: After this long a mail that a dead worker was sending is taken up again.
LEASE = timedelta(seconds=float(os.environ.get("HEADWATER_MAIL_LEASE", "60")))
#: `results`: outcomes that this thread knows and the database does not
_known = threading.local()


def server_url() -> str:
    """Where mails go: HEADWATER_SMTP_URL, else the demo's catcher, else "" (they stay queued)."""
    if config.smtp_url:
        return config.smtp_url
    if config.demo or workspace_context()["is_demo"]:
        host, port = catcher.address()
        return f"smtp://{host}:{port}"
    return ""


def run_once() -> int:
    """One batch. Returns how many mails got an outcome (0: nothing due, or no server)."""
    _write_down()
    url = server_url()
    if not url:
        return 0
    claims = claim(BATCH, LEASE)
    if not claims:
        return 0
    crash.point("mail.claimed")
    results, envelopes = _prepare(claims)
    if envelopes:
        try:
            answers = pool.send(url, [e for _, e in envelopes], _window(claims))
        except SmtpError as error:
            log.warning("smtp_away", extra={"why": str(error)})
            answers = [Answer("untried", str(error))] * len(envelopes)
        results += [Result(c, a) for (c, _), a in zip(envelopes, answers, strict=True)]
    crash.point("mail.answered")
    _known.results = results
    _write_down()
    crash.point("mail.settled")
    return sum(1 for r in results if r.answer is None or r.answer.kind != "untried")


def _window(claims: Sequence[Claim]) -> Window:
    """While the lease runs, and with time left to write the answers down: a slow server, or a process that stood still,
    must not send what another worker sends meanwhile. What was not reached is due again at once."""
    end = min(c.due_at for c in claims)
    return Window(end - LEASE / 4, end - LEASE / 8)


def _write_down() -> None:
    """Settle what is known. Where the database is away it stays known, and is written down before the next batch: a
    mail that the server took is not sent again for that. Whatever another worker took over meanwhile is left to it."""
    results = getattr(_known, "results", [])
    if not results:
        return
    try:
        settle(results)
    except (OperationalError, InterfaceError):
        raise  # the worker comes again
    except Exception:
        _known.results = []
        raise
    _known.results = []


def _prepare(claims: Sequence[Claim]) -> tuple[list[Result], list[tuple[Claim, Envelope]]]:
    """Results of mails that must not or cannot be sent, and the others as envelopes."""
    stopped = gates.stopped([(c.message_id, c.person_id, c.email, c.purpose) for c in claims])
    found = sources({(c.template_id, c.version) for c in claims})
    values = contexts([c.person_id for c in claims])
    results: list[Result] = []
    ready: list[tuple[Claim, Envelope]] = []
    for c in claims:
        source, base = found.get((c.template_id, c.version)), values.get(c.person_id)
        why = stopped.get(c.message_id, "")
        if not why and (source is None or base is None):
            why = "no_template" if source is None else "no_person"
        if why:
            results.append(Result(c, refused=why))
            continue
        assert source is not None
        assert base is not None
        try:
            ready.append((c, envelope_of(c, source, base)))
        except MissingField as missing:
            results.append(Result(c, refused=f"missing_field:{missing.name}"))
        except TemplateProblem:
            results.append(Result(c, refused="template"))
    return results, ready


def envelope_of(c: Claim, source: Source, base: dict[str, dict[str, str]]) -> Envelope:
    """A claimed message as bytes. Raises MissingField and TemplateProblem."""
    workspace, contact = base["workspace"], base["contact"]
    urls = urls_of(c.person_id, c.message_id, source, workspace["base_url"])
    return _envelope(c, source, base, urls, workspace, contact)


def _envelope(
    c: Claim,
    source: Source,
    base: dict[str, dict[str, str]],
    urls: Urls,
    workspace: dict[str, str],
    contact: dict[str, str],
) -> Envelope:
    marketing = c.purpose == "marketing"
    context = compose.values(base, c.context, marketing=marketing, urls=urls)
    subject, html, text = compose.compose(source, context)
    sender = source.from_address or workspace.get("mail_from") or f"no-reply@{c.header_id.rsplit('@', 1)[1]}"
    letter = mime.Letter(
        sender=sender,
        sender_name=source.from_name or workspace.get("mail_from_name", ""),
        to=c.email,
        to_name=contact.get("name", ""),
        subject=subject,
        html=html,
        text=text,
        header_id=c.header_id,
        date=clock.now(),
        reply_to=source.reply_to,
        unsubscribe_url=urls.unsubscribe if marketing else "",
    )
    return Envelope(sender, c.email, mime.build(letter))
