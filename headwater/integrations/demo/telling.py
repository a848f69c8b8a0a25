"""Telling lives: what a person did on the site, what was sent to her, how her score grew."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from random import Random
from typing import Any

from . import pages, world
from .lives import HOT, MONTHS, WARM, Life, Mail, Setting, new_id, pick
from .selling import sell


def working_time(rng: Random, day: datetime) -> datetime:
    """A moment of that day, mostly in working hours, less often at the weekend's start."""
    if day.weekday() > 4 and rng.random() < 0.75:
        day -= timedelta(days=day.weekday() - 4)
    hour = min(22, max(6, int(rng.gauss(12.5, 3.2))))
    return day.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=rng.randrange(10**6))


class Teller:
    """Tells one life after the other."""

    def __init__(self, rng: Random, setting: Setting) -> None:
        self.rng, self.s, self.turn = rng, setting, 0

    def life(self, place: world.Place) -> Life:
        """One person with everything she did until now."""
        rng = self.rng
        age = MONTHS * 30.4 * (1 - rng.random() ** 0.62)  # more of them lately
        born = min(working_time(rng, self.s.now - timedelta(days=age)), self.s.now - timedelta(minutes=7))
        source, medium, campaign, referrer = pick(rng, world.SOURCES)
        life = Life(
            place, rng.choice(place.first), rng.choice(place.last), pick(rng, world.JOBS), born,
            {"source": source, "medium": medium, "campaign": campaign, "referrer": referrer},
            rng.getrandbits(62), pick(rng, world.DEVICES),
        )  # fmt: skip
        life.plan = pick(rng, (("Starter", 45), ("Team", 40), ("Enterprise", 15)))
        zeal = pick(rng, ((0.2, 58), (0.5, 28), (0.9, 14)))
        self._visits(life, zeal)
        self._identify(life, zeal)
        self._mails(life, zeal)
        # nothing in the last seconds: what follows from a fact must have happened too
        life.facts = [f for f in life.facts if f[0] <= self.s.now - timedelta(seconds=10)]
        life.facts.sort(key=lambda f: (f[0], f[1].int))
        self._score(life)
        life.facts = [f for f in life.facts if f[0] <= self.s.now]
        life.facts.sort(key=lambda f: (f[0], f[1].int))
        if life.stage_at is None:
            life.stage_at = life.born
        return life

    def stranger(self, place: world.Place) -> Life:
        """A visitor who never says who she is: one or two short visits."""
        rng = self.rng
        at = self.s.now - timedelta(days=MONTHS * 30.4 * (1 - rng.random() ** 0.62))
        source, medium, campaign, referrer = pick(rng, world.SOURCES)
        life = Life(
            place, ("", ""), ("", ""), "", at,
            {"source": source, "medium": medium, "campaign": campaign, "referrer": referrer},
            rng.getrandbits(62), pick(rng, world.DEVICES),
        )  # fmt: skip
        for _ in range(rng.choice((1, 1, 1, 2))):
            self._session(life, working_time(rng, at), 0.15)
            at += timedelta(days=rng.expovariate(1 / 12))
        return life

    def say(self, life: Life, at: datetime, kind: str, data: dict[str, Any], actor: str = "visitor") -> uuid.UUID:
        fact = new_id(self.rng)
        life.facts.append((at, fact, kind, data, actor))
        return fact

    # -- marketing ---------------------------------------------------------------------------------------------------
    def _visits(self, life: Life, zeal: float) -> None:
        rng = self.rng
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):  # while she was anonymous
            self._session(life, life.born - timedelta(days=rng.expovariate(1 / 9)), zeal)
        days = (self.s.now - life.born).total_seconds() / 86400
        for _ in range(min(12, int(rng.expovariate(1 / (0.5 + 4 * zeal))))):
            if days > 1:
                at = working_time(rng, life.born + timedelta(days=min(days - 0.1, rng.expovariate(1 / 30))))
                self._session(life, max(at, life.born + timedelta(hours=2)), zeal)

    def _session(self, life: Life, at: datetime, zeal: float, first: tuple[str, str] | None = None) -> datetime:
        rng = self.rng
        choices: list[tuple[Any, ...]] = [(pages.article_page(a), 5) for a in pages.ARTICLES]
        choices += [(pages.HOME, 9), (pages.BLOG, 4), (pages.PRICING, 0.3 + 4 * zeal), (pages.WHITE_PAPER, 2)]
        seen = ""
        for n in range(1 + int(rng.expovariate(1 / (1 + 2 * zeal)))):
            page = first if first and n == 0 else pick(rng, choices)
            if page[0] != seen:
                self._view(life, at, page, entry=n == 0)
            seen = page[0]
            at += timedelta(seconds=20 + rng.expovariate(1 / 90))
        return at

    def _view(self, life: Life, at: datetime, page: tuple[str, str], *, entry: bool) -> None:
        if at > self.s.now - timedelta(seconds=10):
            return
        data = {"path": page[0], "title": page[1], "url": f"https://northstar.example{page[0]}"}
        if entry and life.origin["referrer"]:
            data["referrer"] = life.origin["referrer"]
        if entry and life.origin["campaign"]:
            data |= {f"utm_{name}": life.origin[name] for name in ("source", "medium", "campaign")}
        self.say(life, at, "page.viewed", data)
        life.views += 1
        if life.last_seen is None or at > life.last_seen:
            life.last_seen, life.last_page = at, page
        life.first_seen = min(at, life.first_seen or at)

    def _identify(self, life: Life, zeal: float) -> None:
        rng, at = self.rng, life.born
        life.origin["landing"] = min((f for f in life.facts), default=(at, None, "", {"path": "/site/"}, ""))[3]["path"]
        slug = pick(rng, (("white-paper", 40), ("webinar", 50), ("trial", 1 + 14 * zeal)))
        self._form(life, slug, at)
        self.say(life, at + timedelta(microseconds=1), "contact.created", {"source": f"form: {self.s.forms[slug][1]}"})
        how = {"how": "form", "visitor": str(life.visitor), "facts_moved": life.views}
        self.say(life, at + timedelta(microseconds=2), "contact.identified", how)
        later = at + timedelta(days=2 + rng.expovariate(1 / 25))
        if rng.random() < zeal * 0.4 and later < self.s.now:
            self._form(
                life, "trial" if slug != "trial" and rng.random() < 0.45 else "webinar", working_time(rng, later)
            )

    def _form(self, life: Life, slug: str, at: datetime) -> None:
        rng = self.rng
        at = min(max(at, life.born), self.s.now - timedelta(minutes=5))
        page = {"white-paper": pages.WHITE_PAPER, "trial": pages.TRIAL, "webinar": pages.WEBINAR}[slug]
        self._view(life, at - timedelta(seconds=45 + rng.expovariate(1 / 40)), page, entry=at == life.born)
        form, name = self.s.forms[slug]
        agreed = rng.random() < 0.84
        answers = {"first_name": life.first[0], "last_name": life.last[0]}
        if slug == "trial":
            answers["plan"] = life.plan
        fact = self.say(
            life,
            at + timedelta(microseconds=20),
            "form.submitted",
            {"form": form, "name": name, "fields": answers, "path": page[0]},
        )
        life.submissions.append((at + timedelta(microseconds=20), fact, slug, answers, agreed))
        if agreed and life.consent != "granted":
            life.consent, life.consent_at = "granted", at
            proof = {"channel": "email", "state": "granted", "source": f"form:{form}", "text": self.s.consent_text}
            self.say(life, at + timedelta(microseconds=10), "consent.changed", proof)
        tag = slug.replace("-", " ")
        if tag not in life.tags:
            life.tags.append(tag)
            self.say(life, at + timedelta(microseconds=30), "tag.added", {"tag": tag})
        if slug == "white-paper" and rng.random() < 0.6:
            asset, title = self.s.asset
            self.say(life, at + timedelta(seconds=30), "asset.downloaded", {"asset": asset, "name": title})
        if slug == "trial":
            self.say(life, at + timedelta(seconds=4), "trial.started", {"plan": life.plan.lower()})

    def _mails(self, life: Life, zeal: float) -> None:
        if not life.consent_at:
            return
        due: list[tuple[datetime, tuple[int, int, str], str]] = []
        if "white paper" in life.tags:
            steps = zip((0.003, 3.0, 7.0), self.s.welcome, strict=False)
            due += [(life.consent_at + timedelta(days=d), mail, f"welcome:{n}") for n, (d, mail) in enumerate(steps)]
        issue = self.s.now - timedelta(days=11)
        while issue > life.consent_at:
            due.append((issue.replace(hour=9, minute=5), self.s.newsletter, f"newsletter:{issue:%Y%m%d}"))
            issue -= timedelta(days=91)
        for at, mail, key in sorted(due):
            if at > self.s.now - timedelta(hours=1):
                continue
            if not self._mail(life, at, mail, key, zeal):
                return

    def _mail(self, life: Life, at: datetime, mail: tuple[int, int, str], key: str, zeal: float) -> bool:
        """Send one; False where no more can be sent."""
        rng = self.rng
        at += timedelta(seconds=rng.random() * 90)
        made = Mail(new_id(rng), *mail, at, key)
        life.mails.append(made)
        told = {"message": str(made.id), "template": made.template, "subject": made.subject}
        if rng.random() < 0.011:
            made.bounced = True
            self.say(life, at, "mail.bounced", {**told, "error": "550 no such mailbox"}, "system")
            return False
        self.say(life, at, "mail.sent", told, "system")
        if rng.random() > 0.16 + 0.34 * zeal:
            return True
        made.opened_at = at + timedelta(hours=rng.expovariate(1 / 9))
        if made.opened_at > self.s.now:
            made.opened_at = None
            return True
        self.say(life, made.opened_at, "mail.opened", {**told, "first": True})
        if rng.random() < 0.08 + 0.22 * zeal:
            clicked = made.opened_at + timedelta(seconds=15 + rng.expovariate(1 / 60))
            if clicked < self.s.now - timedelta(minutes=10):
                made.clicked_at = clicked
                page = pages.article_page(rng.choice(pages.ARTICLES)) if rng.random() < 0.7 else pages.PRICING
                link = f"https://northstar.example{page[0]}"
                self.say(life, clicked, "mail.clicked", {**told, "url": link, "first": True})
                self._session(life, clicked + timedelta(seconds=2), zeal, page)
        elif rng.random() < 0.035:
            gone = made.opened_at + timedelta(seconds=40)
            made.unsubscribed_at = gone
            life.consent, life.consent_at = "withdrawn", gone
            self.say(life, gone, "mail.unsubscribed", {**told, "how": "one-click"})
            state = {"channel": "email", "state": "withdrawn", "source": "unsubscribe"}
            self.say(life, gone + timedelta(microseconds=1), "consent.changed", state)
            return False
        return True

    # -- score and sales ---------------------------------------------------------------------------------------------
    def _score(self, life: Life) -> None:
        """Walk through her facts with the score rules; the first time she is hot (or tries) she goes to sales."""
        points, used = 0, dict[tuple[int, str], int]()
        handed = False
        for at, _, kind, data, _ in list(life.facts):
            before = points
            for n, (test, plus, cap) in enumerate(self.s.rules.get(kind, ())):
                if test(data):
                    if cap is not None:
                        key = (n, f"{kind}{at:%Y-%m-%d}")
                        given = used.get(key, 0)
                        plus = min(plus, max(0, cap - given))
                        used[key] = given + plus
                    points += plus
            old, new = _band(before), _band(points)
            if old != new:
                told = {"model": "engagement", "before": old, "after": new, "points": points}
                self.say(life, at + timedelta(milliseconds=400), "score.band_changed", told, "system")
            if not handed and at >= life.born and (new == "hot" or kind == "trial.started"):
                handed = True
                reason = "Trial started" if kind == "trial.started" else f"Score {points} points"
                sell(self, life, at + timedelta(seconds=2), reason, points)


def _band(points: int) -> str:
    return "hot" if points >= HOT else "warm" if points >= WARM else "cold"
