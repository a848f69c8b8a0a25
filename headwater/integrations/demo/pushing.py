"""Push messages of the past: browsers of people who agreed on the demo's site, and what they were shown.

The browsers are made up: the demo's own push service answers for them (messaging.channels.pushcatcher).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from headwater.content.rules import render
from headwater.messaging.actions.history import BrowserSeed, MessageSeed
from headwater.messaging.actions.templates import PushText, create_template
from headwater.messaging.models import MailTemplate

from .furniture import PUSH
from .lives import Life, new_id

SLUG = "push-benchmarks"
TITLE = "{{ contact.first_name | default('Hello') }}, new benchmarks are out"
BODY = "How shops like yours did last month: forecasts, baskets, returns."
LINK = "{{ workspace.website }}/blog/"
PAGE = "https://northstar.example/pricing/"
OTHERS = ("Firefox, Linux", "Edge, Windows", "Safari, macOS")


@dataclass
class Pushes:
    """What one person has: her browsers, her consent, and the messages with their fate."""

    consent: str = ""
    consent_at: datetime | None = None
    browsers: list[BrowserSeed] = field(default_factory=list)
    seeds: list[dict[str, Any]] = field(default_factory=list)


def ensure_template(actor: str) -> MailTemplate:
    """The push message of which the history tells."""
    found = MailTemplate.objects.filter(slug=SLUG).first()
    says = PushText(TITLE, BODY, LINK)
    return found or create_template(name="New benchmarks (push)", says=says, actor=actor, slug=SLUG)


def proof(site: int) -> dict[str, Any]:
    """To which words they agreed, and where."""
    return {"source": f"site:{site}", "text": f"{PUSH['title']}\n{PUSH['text']}", "url": PAGE}


def tell(lives: Sequence[Life], template: MailTemplate, site: int, now: datetime, seed: int) -> dict[int, Pushes]:
    """Place of a life -> her push messages. What happened joins the facts of her life."""
    rng = Random(seed + 27)
    out: dict[int, Pushes] = {}
    for place, life in enumerate(lives):
        if life.first_seen and rng.random() < 0.16:
            out[place] = told = Pushes()
            _live(rng, life, told, template, site, now)
    return out


def messages(person_id: int, told: Pushes, template: MailTemplate) -> list[MessageSeed]:
    """Rows of the ledger."""
    return [
        MessageSeed(
            person_id, s["id"], s["key"], template.pk, template.version, s["subject"], "", s["at"], "demo",
            clicked_at=s.get("clicked"), channel="push", delivered_at=s.get("shown"), segments=s["browsers"],
        )
        for s in told.seeds
    ]  # fmt: skip


def _live(rng: Random, life: Life, told: Pushes, template: MailTemplate, site: int, now: datetime) -> None:
    """She agrees in one browser or two, gets some, and clicks as people do."""
    at = life.born + timedelta(hours=1 + rng.random() * 60)
    if at > now - timedelta(days=2):
        return
    told.consent, told.consent_at = "granted", at
    facts: list[tuple[datetime, str, dict[str, Any], str]] = []
    agreed = {"channel": "push", "state": "granted", **proof(site)}
    facts.append((at + timedelta(microseconds=1), "consent.changed", agreed, "visitor"))
    for n in range(2 if rng.random() < 0.2 else 1):
        number, since = uuid.UUID(int=rng.getrandbits(128), version=4), at + timedelta(days=n * 9)
        if since > now:
            break
        agent = life.device.replace(" on ", ", ") if n == 0 else rng.choice(OTHERS)
        gone = since + timedelta(days=60) if rng.random() < 0.12 and since < now - timedelta(days=61) else None
        browser = BrowserSeed(number, agent, since, life.visitor if n == 0 else None, site, proof(site), gone)
        told.browsers.append(browser)
        about = {"device": str(browser.id), "browser": agent}
        facts.append((since, "push.subscribed", {**about, "site": site}, "visitor"))
        if gone:
            words = "410 push subscription has unsubscribed or expired."
            facts.append((gone, "push.ended", {**about, "why": "gone", "words": words}, "system"))
    facts += _messages(rng, life, told, template, at, now)
    life.facts += [(when, new_id(rng), kind, data, actor) for when, kind, data, actor in facts]
    life.facts.sort(key=lambda f: (f[0], f[1].int))


def _messages(
    rng: Random, life: Life, told: Pushes, template: MailTemplate, since: datetime, now: datetime
) -> list[tuple[datetime, str, dict[str, Any], str]]:
    facts: list[tuple[datetime, str, dict[str, Any], str]] = []
    at = since
    for n in range(rng.choice((1, 2, 3, 4))):
        at = (at + timedelta(days=14 + rng.expovariate(1 / 15))).replace(hour=9 + rng.randrange(8))
        taking = [b for b in told.browsers if b.created_at < at and (b.gone_at is None or at < b.gone_at)]
        if at > now - timedelta(days=1) or not taking:
            break
        message = new_id(rng)
        words = render(TITLE, {"contact": {"first_name": life.first[0]}})
        about = {"message": str(message), "template": template.pk, "subject": words}
        row: dict[str, Any] = {
            "id": message,
            "key": f"demo:push:{n}",
            "subject": words,
            "at": at,
            "browsers": len(taking),
        }
        facts.append((at, "push.sent", {**about, "browsers": len(taking)}, "demo"))
        if rng.random() < 0.84:
            row["shown"] = at + timedelta(seconds=2 + rng.expovariate(1 / 1800))
            facts.append((row["shown"], "push.shown", about, "visitor"))
            if rng.random() < 0.05 + 0.16 * life.zeal:
                row["clicked"] = row["shown"] + timedelta(seconds=5 + rng.expovariate(1 / 300))
                url = "https://northstar.example/blog/"
                facts.append((row["clicked"], "push.clicked", {**about, "url": url, "first": True}, "visitor"))
        told.seeds.append(row)
    return facts
