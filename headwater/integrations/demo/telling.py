"""Telling lives: what a person did on the site, what was sent to her, how her score grew.

Everything waits on an agenda and happens in the order of time, so that what follows from a fact (points, a step of a
journey, a hand-over) sees exactly what had happened by then.
"""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from . import pages, world
from .lives import MONTHS, Happened, Life, Setting, new_id, pick
from .mailing import send
from .scoring import Score
from .walking import Walker


def working_time(rng: Random, day: datetime) -> datetime:
    """A moment of that day, mostly in working hours, less often at the weekend's start."""
    if day.weekday() > 4 and rng.random() < 0.75:
        day -= timedelta(days=day.weekday() - 4)
    hour = min(22, max(6, int(rng.gauss(12.5, 3.2))))
    return day.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=rng.randrange(10**6))


#: Days before now on which people were invited to an event
EVENTS = (402, 214, 62, 2)


FORM_PAGES = {"white-paper": pages.WHITE_PAPER, "trial": pages.TRIAL, "webinar": pages.WEBINAR}


class Teller:
    """Tells one life after the other."""

    def __init__(self, rng: Random, setting: Setting) -> None:
        self.rng, self.s, self.turn = rng, setting, 0
        # nothing in the last seconds: what follows from a fact must have happened too
        self.end = setting.now - timedelta(seconds=10)
        self.agenda: list[tuple[datetime, int, Happened | Callable[[datetime], object]]] = []

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
        life.zeal = pick(rng, ((0.2, 58), (0.5, 28), (0.9, 14)))
        self._visits(life)
        self._identify(life)
        self._newsletters(life)
        self._invitation(life)
        self._live(life)
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
            self.session(life, working_time(rng, at), 0.15)
            at += timedelta(days=rng.expovariate(1 / 12))
        life.facts = [fact for *_, fact in sorted(self.agenda, key=lambda e: e[:2]) if not callable(fact)]
        self.agenda.clear()
        return life

    def say(self, life: Life, at: datetime, kind: str, data: dict[str, Any], actor: str = "visitor") -> uuid.UUID:
        """It happens then, if that is not in the future."""
        fact = new_id(self.rng)
        heapq.heappush(self.agenda, (at, fact.int, (at, fact, kind, data, actor)))
        return fact

    def later(self, at: datetime, do: Callable[[datetime], object]) -> None:
        """Do something at that time."""
        heapq.heappush(self.agenda, (at, self.rng.getrandbits(128), do))

    def _live(self, life: Life) -> None:
        """Let everything happen, in order, until now."""
        walker, score = Walker(self, life), Score(self, life)
        while self.agenda and self.agenda[0][0] <= self.s.now:
            at, _, what = heapq.heappop(self.agenda)
            if callable(what):
                if at <= self.end:
                    what(at)
                continue
            if at > self.end and what[4] == "visitor":
                continue
            life.facts.append(what)
            if what[2] == "consent.changed":
                life.consent, life.consent_at = what[3]["state"], at
            score.hear(what)
            if at >= life.born:
                walker.hear(what)
        score.cool(int(self.s.now.timestamp()))
        self.agenda.clear()
        life.facts.sort(key=lambda f: (f[0], f[1].int))

    # -- marketing ---------------------------------------------------------------------------------------------------
    def _visits(self, life: Life) -> None:
        rng, zeal = self.rng, life.zeal
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):  # while she was anonymous
            self.session(life, life.born - timedelta(days=rng.expovariate(1 / 9)), zeal)
        days = (self.s.now - life.born).total_seconds() / 86400
        for _ in range(min(12, int(rng.expovariate(1 / (0.5 + 4 * zeal))))):
            if days > 1:
                at = working_time(rng, life.born + timedelta(days=min(days - 0.1, rng.expovariate(1 / 30))))
                self.session(life, max(at, life.born + timedelta(hours=2)), zeal)

    def session(self, life: Life, at: datetime, zeal: float, first: tuple[str, str] | None = None) -> datetime:
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

    def _identify(self, life: Life) -> None:
        rng, at = self.rng, life.born
        slug = pick(rng, (("white-paper", 40), ("webinar", 50), ("trial", 1 + 14 * life.zeal)))
        before = [e[2] for e in self.agenda if e[0] < at and not callable(e[2])]
        self._form(life, slug, at)
        landing = min(((f[0], f[3]["path"]) for f in before), default=(at, FORM_PAGES[slug][0]))[1]
        life.origin["landing"] = landing
        self.say(life, at + timedelta(microseconds=1), "contact.created", {"source": f"form: {self.s.forms[slug][1]}"})
        how = {"how": "form", "visitor": str(life.visitor), "facts_moved": len(before) + 1}
        self.say(life, at + timedelta(microseconds=2), "contact.identified", how)
        later = working_time(rng, at + timedelta(days=2 + rng.expovariate(1 / 25)))
        if rng.random() < life.zeal * 0.4 and at + timedelta(hours=1) < later < self.s.now - timedelta(minutes=15):
            second = "trial" if slug != "trial" and rng.random() < 0.45 else "webinar"
            self.later(later, lambda when: self._form(life, second, when + timedelta(minutes=3)))

    def _form(self, life: Life, slug: str, at: datetime) -> None:
        """She fills in a form then, which is at most ten minutes ahead of the story."""
        rng, page = self.rng, FORM_PAGES[slug]
        self._view(life, at - timedelta(seconds=45 + min(120, rng.expovariate(1 / 40))), page, entry=at == life.born)
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
            proof = {"channel": "email", "state": "granted", "source": f"form:{form}", "text": self.s.consent_text}
            self.say(life, at + timedelta(microseconds=10), "consent.changed", proof)
        self.tag(life, slug.replace("-", " "), at + timedelta(microseconds=30), "visitor")
        if slug == "white-paper" and rng.random() < 0.6:
            asset, title = self.s.asset
            self.say(life, at + timedelta(seconds=30), "asset.downloaded", {"asset": asset, "name": title})
        if slug == "trial":
            started: dict[str, Any] = {"plan": life.plan.lower()}
            if life.plan == "Starter" and rng.random() < 0.3:
                started["value"] = rng.choice((120, 240, 360, 480))
            self.say(life, at + timedelta(seconds=4), "trial.started", started)

    def try_out(self, life: Life, at: datetime) -> None:
        """She has been offered a trial: some take it within days."""
        begins = working_time(self.rng, at + timedelta(days=self.rng.uniform(0.2, 4.0)))
        keen = self.rng.random() < 0.16 + 0.3 * life.zeal and "trial" not in life.tags
        if keen and at + timedelta(minutes=30) < begins < self.s.now - timedelta(minutes=15):
            self.later(begins, lambda when: self._form(life, "trial", when + timedelta(minutes=3)))

    def tag(self, life: Life, tag: str, at: datetime, actor: str) -> None:
        """She has the tag from then on."""
        if tag not in life.tags:
            life.tags.append(tag)
            self.say(life, at, "tag.added", {"tag": tag}, actor)

    def _newsletters(self, life: Life) -> None:
        issue = self.s.now - timedelta(days=11)
        while issue > life.born:
            key = f"newsletter:{issue:%Y%m%d}"
            at = issue.replace(hour=9, minute=5) + timedelta(seconds=self.rng.random() * 90)
            if at > life.born:
                self.later(at, lambda at, key=key: self._newsletter(life, at, key))  # type: ignore[misc]
            issue -= timedelta(days=91)

    def _newsletter(self, life: Life, at: datetime, key: str) -> None:
        if life.consent == "granted" and life.deliverable:
            send(self, life, at, self.s.newsletter, key)

    def _invitation(self, life: Life) -> None:
        """Maria invites those who may get mails and have been around for a while, each once; some are there."""
        rng = self.rng
        for days in EVENTS:
            day = (self.s.now - timedelta(days=days)).replace(hour=8, minute=30, second=0, microsecond=0)
            if day < life.born + timedelta(days=14) or rng.random() > 0.4:
                continue
            self.later(day + timedelta(seconds=rng.random() * 20), lambda at: self._invite(life, at))
            return

    def _invite(self, life: Life, at: datetime) -> None:
        rng, maria = self.rng, f"user:{self.s.marketer}"
        if life.consent != "granted" or not life.deliverable:
            return
        self.tag(life, "invite: event", at, maria)
        if rng.random() < 0.12 + 0.4 * life.zeal:
            answer = working_time(rng, at + timedelta(days=rng.uniform(0.3, 8.5)))
            answer = max(answer, at + timedelta(hours=1))
            if answer < self.s.now - timedelta(minutes=15):
                self.later(answer, lambda when: self._form(life, "webinar", when + timedelta(minutes=3)))
            if rng.random() < 0.64:
                came = answer + timedelta(days=6, hours=rng.uniform(1, 5))
                self.later(came, lambda when: self.tag(life, "event: attended", when, maria))
