"""Texts (SMS): whom they reach, and why not (`shorts` puts them on their way)."""

from __future__ import annotations

from collections.abc import Sequence

from ..facts import TextQueued, TextRefused
from ..queries import gates
from ..rules import texting
from . import outbox
from .requests import MailRequest, Outcome
from .shorts import Channel, Due, Reach, Values, queue_short


def queue_texts(requests: Sequence[MailRequest]) -> list[Outcome]:
    """Queue texts; one Outcome per request, in order (see `queue_short`). Beside a mail's reasons for a refusal there
    are "no_number", "invalid_number" and "not_mobile"."""
    return queue_short(_TEXTS, requests)


def _reach(values: Values) -> Reach:
    numbers = {person: v["contact"].get("phone", "") for person, v in values.items()}
    consent, blocked = gates.consenting(list(values), "sms"), gates.suppressed(numbers.values())

    def refusal(person: int, marketing: bool) -> str | None:
        number = numbers[person]
        if problem := texting.problem(number):
            return problem
        if number in blocked and (marketing or blocked[number] not in gates.MARKETING_ONLY):
            return "suppressed"
        return "no_consent" if marketing and person not in consent else None

    return Reach(refusal, numbers, _enqueue)


def _enqueue(due: list[Due]) -> None:
    outbox.insert(due, outbox.TEXTS)


_TEXTS = Channel("sms", _reach, TextQueued, TextRefused, "text.queued")
