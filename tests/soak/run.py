"""The soak itself: bring the stage up, let people in, strike, edit, drain, look."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from .stage import Stage, insist
from .strikes import Striker, restart_missing
from .verify import Cast, Verdict
from .ways import MAPPING, SEGMENT, Walker, main_graph, segment_graph, sub_graph, walkers

MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.first_name }} "
    '<a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>'
)
#: People who are let in by one transaction
CHUNK = 500


@dataclass
class Soak:
    """people, kills, seed, workers: how large it is; the same seed draws the same people and strikes."""

    folder: Path
    people: int
    kills: int
    seed: int
    workers: int
    progress: Callable[[str], None]
    waiting: deque[Walker] = field(default_factory=deque)
    answers: deque[Walker] = field(default_factory=deque)
    closed: set[int] = field(default_factory=set)
    began: float = 0.0

    def run(self) -> dict[str, Any]:
        """Returns the report. `findings` is empty where nothing was lost and nothing happened twice."""
        self.stage = Stage(self.folder, self.workers)
        self.striker = Striker(self.stage, self.seed)
        self.draw = random.Random(f"{self.seed} run")
        started = time.monotonic()
        try:
            self.stage.open()
            self._prepare()
            self.stage.start_workers()
            self.began = time.monotonic()
            self._storm()
            struck = time.monotonic() - self.began
            drained = self._drain()
            restart_missing(self.stage)
            verdict = Verdict(self.stage, self.cast)
            if not drained:
                verdict.findings.append("it did not come to rest")
            verdict.all()
        finally:
            self.stage.close()
        return self._report(verdict, struck, time.monotonic() - started)

    # -- before --------------------------------------------------------------------------------------------------
    def _prepare(self) -> None:
        """People, mails, a segment, three journeys."""
        from headwater.audience.actions import create_segment
        from headwater.audience.engine import building
        from headwater.journeys import actions
        from headwater.messaging.actions.templates import TemplateText, create_template

        who = walkers(self.people, self.seed)
        self.by_number = self._contacts(who)
        says = TemplateText(subject="Hello {{ contact.first_name }}", mjml=MJML)
        names = ("hello", "thanks", "b", "note")
        self.mails = {n: create_template(name=n, actor="system", says=says).pk for n in names}
        segment = create_segment(name="Asked", key="asked", definition=SEGMENT, actor="system").pk
        building.run_all()
        sub = actions.create_journey(name="Sub", actor="system", graph=sub_graph(self.mails))
        main = actions.create_journey(name="Main", actor="system", graph=main_graph("A", self.mails, sub.pk))
        member = actions.create_journey(name="Member", actor="system", graph=segment_graph(segment))
        for journey in (sub, main, member):
            actions.publish(journey.pk, actor="system")
        people = {pk: who[n] for n, pk in self.by_number.items()}
        self.cast = Cast(people, main.pk, sub.pk, member.pk, {1: "A"})
        self.waiting.extend(self.draw.sample(who, len(who)))
        self.progress(f"{self.people} people, {len(self.stage.workers)} workers")

    def _contacts(self, who: list[Walker]) -> dict[int, int]:
        """number -> id."""
        from headwater.core import clock
        from headwater.people.actions.history import ContactSeed, import_contacts

        now = clock.now() - timedelta(days=1)
        seeds = [
            ContactSeed(
                first_name=f"P{w.number}", last_name="", name=f"P{w.number}", email=w.email, created_at=now,
                tags=w.tags, consent="granted" if w.consent else "", consent_at=now,
            )
            for w in who
        ]  # fmt: skip
        return {w.number: pk for w, pk in zip(who, import_contacts(seeds), strict=True)}

    # -- the storm -----------------------------------------------------------------------------------------------
    def _storm(self) -> None:
        """Kill after kill; in between people come, answer, leave, and the journey is edited."""
        share = -(-self.people // max(1, self.kills))
        edits = max(2, min(20, self.kills // 10))
        freezes = max(1, self.kills // 15)
        for n in range(1, self.kills + 1):
            self._feed(share)
            time.sleep(self.draw.uniform(0.1, 1.5))
            what = self.striker.strike()
            if n % max(1, self.kills // edits) == 0:
                self._edit()
            if n % max(1, self.kills // freezes) == 0:
                kept = self.striker.freeze()
                self.progress(f"froze a worker; it kept lanes for {kept:.1f} s")
            if n % max(1, self.kills // 20) == 0:
                self.progress(f"kill {n} of {self.kills} ({what}): {self._standing()}")
        while self.waiting:
            self._feed(share)

    def _feed(self, count: int) -> None:
        """The next people come; those who came before give their late answers; some who wait for it leave."""
        late, self.answers = list(self.answers), deque()
        self._record([(w, "soak.answered", 0) for w in late])
        coming = [self.waiting.popleft() for _ in range(min(count, len(self.waiting)))]
        for start in range(0, len(coming), CHUNK):
            part = coming[start : start + CHUNK]
            self._record(
                [(w, "soak.began", 0) for w in part]
                + [(w, "soak.answered", 1) for w in part if w.plan == "pro" and w.early]
            )
        self.answers.extend(w for w in coming if w.plan == "pro" and not w.early)
        self._close()

    def _close(self) -> None:
        """Whoever waits for the end of her account has it."""
        found = self.stage.ask(
            "SELECT person_id FROM journeys_passage WHERE journey_id = %s AND step = 'forever' AND state = 'waiting' "
            "LIMIT 2000",
            self.cast.main,
        )
        new = [p for (p,) in found if p not in self.closed]
        self._record([(self.cast.people[p], "soak.closed", 0) for p in new])
        self.closed.update(new)

    def _record(self, items: list[tuple[Walker, str, int]]) -> None:
        """Facts with ids of their own, recorded until the database says so: again is the same."""
        from headwater.core import clock
        from headwater.timeline.actions import Custom, NewFact, record_many

        now = clock.now()
        facts = [
            NewFact(self.by_number[w.number], Custom(kind, {}), now + timedelta(milliseconds=ms), w.fact(kind))
            for w, kind, ms in items
        ]
        if facts:
            insist(lambda: record_many(facts))

    def _edit(self) -> None:
        """Publish the other variant of the main journey; everybody inside moves to it."""
        from headwater.journeys import actions

        number = max(self.cast.variants)
        variant = "B" if self.cast.variants[number] == "A" else "A"
        graph = main_graph(variant, self.mails, self.cast.sub)

        def publish() -> int:
            actions.update_journey(self.cast.main, graph=graph, actor="user:1")
            version = actions.publish(self.cast.main, actor="user:1", people="move", mapping=MAPPING[variant])
            return int(version.number)

        self.cast.variants[insist(publish)] = variant

    def _standing(self) -> str:
        ((inside, ended, mails, behind),) = self.stage.ask(
            "SELECT (SELECT count(*) FROM journeys_passage WHERE state = 'waiting'), (SELECT count(*) "
            "FROM journeys_passage WHERE state IN ('finished', 'exited')), (SELECT count(*) FROM messaging_outbox), "
            "(SELECT coalesce(sum(l.head - p.seq), 0) FROM timeline_laneposition p "
            "JOIN timeline_lane l USING (lane_key))"
        )
        return f"{inside} inside, {ended} through, {mails} mails due, {behind} facts behind"

    # -- after ---------------------------------------------------------------------------------------------------
    def _drain(self) -> bool:
        """Until nothing is left to do, as long as there is progress."""
        last, since, told = "", time.monotonic(), time.monotonic()
        while True:
            self._feed(0)
            now = self._standing()
            if now.startswith("0 inside") and now.endswith(", 0 mails due, 0 facts behind") and self._nothing_open():
                return True
            if now != last:
                last, since = now, time.monotonic()
            if time.monotonic() - since > 120:
                return False
            if time.monotonic() - told > 15:
                told = time.monotonic()
                self.progress(f"draining: {now}")
            time.sleep(min(2.0, 0.25 + self.people / 20_000))

    def _nothing_open(self) -> bool:
        ((n,),) = self.stage.ask(
            "SELECT (SELECT count(*) FROM journeys_passage WHERE state NOT IN ('finished', 'exited')) "
            "+ (SELECT count(*) FROM journeys_due) + (SELECT count(*) FROM journeys_versionmove WHERE done_at IS NULL)"
        )
        return not n and not self.answers

    def _report(self, verdict: Verdict, struck: float, total: float) -> dict[str, Any]:
        kept = [round(k, 1) for k in self.striker.kept]
        return {
            "ok": not verdict.findings,
            "findings": verdict.findings,
            "size": {"people": self.people, "kills": self.kills, "seed": self.seed, "workers": self.workers},
            "strikes": dict(self.striker.done),
            "versions": len(self.cast.variants),
            "frozen": {"times": len(kept), "lanes_kept_s_most": max(kept, default=0.0)},
            "figures": verdict.figures,
            "seconds": {"under_fire": round(struck, 1), "total": round(total, 1)},
        }
