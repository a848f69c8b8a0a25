"""Texts (SMS) of the past: a check-in with people who gave a mobile number, and what they answered.

The numbers are from ranges that the countries keep for films and samples, so that nobody has them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from headwater.content.rules import render
from headwater.messaging.actions.history import MessageSeed
from headwater.messaging.actions.templates import SmsText, create_template
from headwater.messaging.models import MailTemplate

from .lives import Life, new_id

SLUG = "text-check-in"
BODY = (
    "Hi {{ contact.first_name | default('there') }}, new benchmarks for your kind of shop are out: "
    "{{ workspace.website }}"
)
CONSENT = "Northstar may send me a text now and then. I can end that with STOP."
#: country -> what a number begins with, and its first and last end
NUMBERS = {
    "DE": ("+4917139200", 0, 99, 2),
    "SE": ("+46701740", 605, 699, 3),
    "US": ("+1512555", 100, 199, 4),
}
SITE = "https://northstar.example"
ANSWERS = ("Thanks, will have a look", "Can you call me on Thursday?", "Who is this?", "Great, thank you!")


@dataclass
class Texts:
    """What one person has got: her number, her consent, and the texts with their fate."""

    number: str
    consent: str = ""
    consent_at: datetime | None = None
    seeds: list[dict[str, Any]] = field(default_factory=list)


def ensure_template(actor: str) -> MailTemplate:
    """The text of which the history tells."""
    found = MailTemplate.objects.filter(slug=SLUG).first()
    says = SmsText(BODY, opt_out="Reply STOP for no more.")
    return found or create_template(name="Check-in (SMS)", says=says, actor=actor, slug=SLUG)


def tell(lives: Sequence[Life], template: MailTemplate, now: datetime, seed: int) -> dict[int, Texts]:
    """Place of a life -> her texts. What happened joins the facts of her life."""
    rng, taken = Random(seed), set[str]()
    out: dict[int, Texts] = {}
    for place, life in enumerate(lives):
        number = _number(rng, life.place.country, taken)
        if number and rng.random() < 0.7:
            out[place] = told = Texts(number)
            if life.consent == "granted" and life.consent_at and rng.random() < 0.75:
                _live(rng, life, told, template, now)
    return out


def messages(person_id: int, told: Texts, template: MailTemplate) -> list[MessageSeed]:
    """Rows of the ledger."""
    return [
        MessageSeed(
            person_id, s["id"], s["key"], template.pk, template.version, s["subject"], told.number, s["at"], "demo",
            clicked_at=s.get("clicked"), unsubscribed_at=s.get("stopped"), channel="sms",
            delivered_at=s.get("delivered"), replied_at=s.get("replied"), segments=2,
        )
        for s in told.seeds
    ]  # fmt: skip


def _number(rng: Random, country: str, taken: set[str]) -> str:
    if country not in NUMBERS:
        return ""
    start, first, last, digits = NUMBERS[country]
    number = f"{start}{rng.randint(first, last):0{digits}}"
    if number in taken:
        return ""
    taken.add(number)
    return number


def _live(rng: Random, life: Life, told: Texts, template: MailTemplate, now: datetime) -> None:
    """She agrees, gets some, and does with them what people do."""
    assert life.consent_at is not None
    told.consent, told.consent_at = "granted", life.consent_at + timedelta(microseconds=30)
    agreed = {"channel": "sms", "state": "granted", "source": "form", "text": CONSENT}
    facts = [(told.consent_at, "consent.changed", agreed, "visitor")]
    at = told.consent_at
    for n in range(rng.choice((1, 1, 2, 3))):
        at += timedelta(days=20 + rng.expovariate(1 / 30))
        at = at.replace(hour=10 + rng.randrange(7))
        if at > now - timedelta(days=1):
            break
        facts += _one(rng, life, told, template, at, n)
        if told.consent != "granted":
            break
    life.facts += [(when, new_id(rng), kind, data, actor) for when, kind, data, actor in facts]
    life.facts.sort(key=lambda f: (f[0], f[1].int))


def _one(
    rng: Random, life: Life, told: Texts, template: MailTemplate, at: datetime, n: int
) -> list[tuple[datetime, str, dict[str, Any], str]]:
    message: uuid.UUID = new_id(rng)
    words = render(BODY, {"contact": {"first_name": life.first[0]}, "workspace": {"website": SITE}})
    row: dict[str, Any] = {"id": message, "key": f"demo:text:{n}", "subject": words, "at": at}
    about = {"message": str(message), "template": template.pk, "subject": words}
    facts: list[tuple[datetime, str, dict[str, Any], str]] = [(at, "sms.sent", {**about, "segments": 2}, "demo")]
    if rng.random() < 0.97:
        row["delivered"] = at + timedelta(seconds=4)
        facts.append((row["delivered"], "sms.delivered", about, "system"))
    later = at + timedelta(minutes=2 + rng.expovariate(1 / 40))
    chance = rng.random()
    if chance < 0.12 + 0.3 * life.zeal:
        row["clicked"] = later
        facts.append((later, "sms.clicked", {**about, "url": SITE, "first": True}, "visitor"))
    elif chance > 0.95:
        row["replied"] = later
        facts.append((later, "sms.replied", {**about, "text": rng.choice(ANSWERS)}, "visitor"))
    elif chance > 0.92:
        row["stopped"] = later
        told.consent, told.consent_at = "withdrawn", later
        state = {"channel": "sms", "state": "withdrawn", "source": "sms", "text": "STOP"}
        facts.append((later, "consent.changed", state, "visitor"))
        facts.append((later + timedelta(microseconds=1), "sms.stopped", {**about, "text": "STOP"}, "visitor"))
    told.seeds.append(row)
    return facts
