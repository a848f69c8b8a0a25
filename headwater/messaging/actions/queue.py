"""Putting mails on their way, or saying why not."""

from __future__ import annotations

from collections.abc import Sequence

from .requests import MailRequest, Outcome


def queue(requests: Sequence[MailRequest]) -> list[Outcome]:
    """Queue mails for any number of people in a constant number of statements; one Outcome per request, in order.

    Idempotent by (person_id, key): a request made before gets the outcome it had then. Refusals are ledger rows and
    facts with their reason, never exceptions.
    """
    raise NotImplementedError("lands within the hour")
