"""What was sent to a person and what she did with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from headwater.content.rules import render

from . import pages
from .lives import Life, Mail, Passage, new_id

if TYPE_CHECKING:
    from .telling import Teller


def send(
    teller: Teller,
    life: Life,
    at: datetime,
    template: int,
    key: str = "",
    *,
    purpose: str = "marketing",
    by: tuple[Passage, str] | None = None,
) -> str:
    """Send her one, and let her do with it what people do. Returns why it was refused, or ""."""
    rng = teller.rng
    version, subject = teller.s.mails[template]
    subject = render(subject, {"contact": {"first_name": life.first[0]}, "workspace": {"name": pages.COMPANY}})
    made = Mail(new_id(rng), template, version, subject, at, key, purpose, by)
    life.mails.append(made)
    told = {"message": str(made.id), "template": template, "subject": subject}
    actor = f"journey:{by[0].way.id}" if by else "system"
    if not life.deliverable or (purpose == "marketing" and life.consent != "granted"):
        made.refused = "no_consent" if life.deliverable else "suppressed"
        teller.say(life, at, "mail.refused", {**told, "reason": made.refused}, actor)
        return made.refused
    if rng.random() < 0.011:
        made.bounced, life.deliverable = True, False
        teller.say(life, at, "mail.bounced", {**told, "error": "550 no such mailbox"}, "system")
        return ""
    teller.say(life, at, "mail.sent", told, actor)
    _read(teller, life, made, told)
    return ""


def _read(teller: Teller, life: Life, made: Mail, told: dict[str, Any]) -> None:
    """She opens it, clicks, comes to the site, or wants no more of them."""
    rng, zeal = teller.rng, life.zeal
    # The first mail of a journey is one that she asked for, or an invitation in her name.
    keen = 0.25 if made.by and made.by[1] == made.by[0].way.graph["start"] else 0.0
    if rng.random() > 0.16 + 0.34 * zeal + keen:
        return
    opened = made.sent_at + timedelta(hours=rng.expovariate(1 / 9))
    if opened > teller.end:
        return
    made.opened_at = opened
    teller.say(life, opened, "mail.opened", {**told, "first": True})
    if rng.random() < 0.08 + 0.22 * zeal + keen:
        clicked = opened + timedelta(seconds=15 + rng.expovariate(1 / 60))
        if clicked < teller.s.now - timedelta(minutes=10):
            made.clicked_at = clicked
            page = pages.article_page(rng.choice(pages.ARTICLES)) if rng.random() < 0.7 else pages.PRICING
            link = f"https://northstar.example{page[0]}"
            teller.say(life, clicked, "mail.clicked", {**told, "url": link, "first": True})
            teller.session(life, clicked + timedelta(seconds=2), zeal, page)
    elif made.purpose == "marketing" and rng.random() < 0.035:
        gone = opened + timedelta(seconds=40)
        if gone > teller.end - timedelta(seconds=1):
            return
        made.unsubscribed_at = gone
        teller.say(life, gone, "mail.unsubscribed", {**told, "how": "one-click"})
        state = {"channel": "email", "state": "withdrawn", "source": "unsubscribe"}
        teller.say(life, gone + timedelta(microseconds=1), "consent.changed", state)
