"""A person's way through the demo company's journeys in the past, by the rules by which the engine walks.

The graphs are the gallery's own. Facts are heard in order; what a step does becomes facts, mails and tasks of her life,
and how she walked is kept as passages with their logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from headwater.journeys.rules import matching
from headwater.journeys.rules.duration import delta
from headwater.journeys.rules.schedule import next_run, zone_of

from .lives import Happened, Life, Passage, Way
from .mailing import send
from .selling import sell

if TYPE_CHECKING:
    from .telling import Teller

#: What she heard becomes an entry after so long
MOMENT = timedelta(milliseconds=200)
#: Who waits on when the demo starts wakes then at the earliest, so that a first look finds the numbers at rest
REST = timedelta(hours=1)
#: The step of the lead nurture that offers a trial
OFFER = "offer"
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
Node = Mapping[str, Any]


class Walker:
    """Hears one person's facts."""

    def __init__(self, teller: Teller, life: Life) -> None:
        self.teller, self.life = teller, life
        self.inside: list[Passage] = []

    def hear(self, fact: Happened) -> None:
        """First those who enter, then those inside, as in journeys.reactions."""
        at, _, kind, data, _ = fact
        already = list(self.inside)
        for way in self.teller.s.journeys.values():
            rules = way.graph["entry"]
            if any(matching.fact_kind(r) == kind and matching.matches(r, kind, data) for r in rules):
                self._enter(way, fact)
        for p in already:
            end = _ending(p.way.graph, kind, data) if at > p.since and p in self.inside else None
            if end is not None:
                self._left(p, at + MOMENT, "goal" if end == "goal" else "exit", end)
                self._over(p, at + MOMENT, "finished" if end == "goal" else "exited", end)
            elif p in self.inside and p.state == "waiting":
                self._look(p, at + MOMENT, over=False)

    # -- in and on ---------------------------------------------------------------------------------------------------
    def _enter(self, way: Way, fact: Happened) -> None:
        at, key, kind, data, _ = fact
        past = [p for p in self.life.passages if p.way is way]
        rule = way.graph.get("reentry") or {}
        if past and (rule.get("rule") == "once" or past[-1].ended_at is None):
            return
        if past and rule.get("after") and at - past[-1].entered_at < delta(rule["after"]):
            return
        if way.graph["steps"][way.graph["start"]]["kind"] == "hand_over" and self.life.sale:
            return  # one sale is enough of a story
        came = at + MOMENT
        number = int((came - _EPOCH).total_seconds() * 1000) << 21 | self.teller.rng.getrandbits(21)
        why = {"kind": kind, "data": data}
        p = Passage(way, number, key.hex, why, at, came, came, way.graph["start"])
        self.life.passages.append(p)
        self.inside.append(p)
        told = {"journey": way.id, "name": way.name, "version": way.version, "passage": p.id, "why": kind}
        self.teller.say(self.life, came, "journey.entered", told, f"journey:{way.id}")
        self._run(p, came)

    def _run(self, p: Passage, at: datetime) -> None:
        """Take her from step to step until she waits or is through."""
        while p in self.inside:
            node = p.way.graph["steps"][p.step]
            p.moved_at, p.state, p.until = at, "active", None
            until = self._until(node, at)
            if until is not None:
                p.state, p.until = "waiting", until
                if self._look(p, at, over=False):
                    return
                if until <= self.teller.end - timedelta(minutes=5):
                    self.teller.later(until, lambda when, p=p, step=p.step: self._wake(p, step, when))  # type: ignore[misc]
                else:
                    p.until = max(until, self.teller.s.now + REST)
                return
            arm, reason = self._do(p, node, at)
            self._next(p, node, at, arm, reason)

    def _wake(self, p: Passage, step: str, at: datetime) -> None:
        if p in self.inside and p.step == step and p.state == "waiting":
            self._look(p, at, over=True)

    def _look(self, p: Passage, at: datetime, *, over: bool) -> bool:
        """Whether her waiting is over: then she has gone on."""
        node = p.way.graph["steps"][p.step]
        settings = node["settings"]
        arm, reason = "", ""
        if node["kind"] == "wait":
            arm = "next" if over else ""
        elif node["kind"] == "wait_until":
            if self._true(settings["until"], p):
                arm = "yes"
            elif over:
                arm, reason = "timeout", "timeout"
        else:
            arm = next((a["id"] for a in settings["arms"] if self._true(a["when"], p)), "")
            if not arm and over:
                arm, reason = "else", "timeout"
        if not arm:
            return False
        self._next(p, node, at, arm, reason)
        self._run(p, at)
        return True

    def _next(self, p: Passage, node: Node, at: datetime, arm: str, reason: str) -> None:
        self._left(p, at, arm, reason)
        target = None if arm == "end" else (node.get("arms") or {}).get(arm) or node.get("next")
        if target is None:
            self._over(p, at, "finished", reason if arm == "end" and reason else "end")
        else:
            p.step = target

    def _left(self, p: Passage, at: datetime, outcome: str, reason: str) -> None:
        p.log.append((p.step, p.moved_at, at, outcome, reason))

    def _over(self, p: Passage, at: datetime, state: str, why: str) -> None:
        p.state, p.ended_at, p.outcome, p.until = state, at, why, None
        self.inside.remove(p)
        told = {"journey": p.way.id, "name": p.way.name, "version": p.way.version, "passage": p.id, "step": p.step}
        kind = f"journey.{state}"
        self.teller.say(self.life, at, kind, {**told, "why": why}, f"journey:{p.way.id}")

    # -- what steps do -----------------------------------------------------------------------------------------------
    def _until(self, node: Node, at: datetime) -> datetime | None:
        """Until when she waits in such a step; None where it is no waiting."""
        settings = node["settings"]
        if node["kind"] == "wait":
            earliest = at + delta(settings["for"])
            zone = zone_of(self.life.place.zone)
            return next_run(earliest, zone, at=settings["at"]) if settings.get("at") else earliest
        if node["kind"] == "wait_until":
            return at + delta(settings["timeout"])
        if node["kind"] == "branch" and settings.get("within"):
            return at + delta(settings["within"])
        return None

    def _do(self, p: Passage, node: Node, at: datetime) -> tuple[str, str]:
        """Returns the arm she takes, and why."""
        settings, life, actor = node["settings"], self.life, f"journey:{p.way.id}"
        match node["kind"]:
            case "exit":
                return "end", settings.get("reason") or ""
            case "send_email":
                sent = at + timedelta(seconds=0.3 + self.teller.rng.random())
                purpose = settings.get("purpose") or "marketing"
                refused = send(self.teller, life, sent, settings["template"], purpose=purpose, by=(p, p.step))
                if p.step == OFFER and not refused:
                    self.teller.try_out(life, sent)
                return "next", f"refused:{refused}" if refused else ""
            case "add_tag":
                self.teller.tag(life, settings["tag"], at + timedelta(milliseconds=1), actor)
            case "change_score":
                told = {"model": "engagement", "points": settings["points"], "reason": p.way.name}
                fact = self.teller.say(life, at + timedelta(milliseconds=2), "score.changed", told, actor)
                life.points.append((at + timedelta(milliseconds=2), fact, settings["points"], p.way.name, actor))
            case "create_task":
                self._task(p, settings, at)
            case "hand_over":
                return self._hand_over(p, settings, at)
            case "branch":
                arms = [a["id"] for a in settings["arms"] if self._true(a["when"], p)]
                return (arms[0] if arms else "else"), ""
        return "next", ""

    def _task(self, p: Passage, settings: Mapping[str, Any], at: datetime) -> None:
        """A task for her owner; nearly all that are older than two days have been done."""
        life, rng = self.life, self.teller.rng
        owner = life.sale.owner if life.sale else None
        due = at + delta(settings["due"])
        at_work = at + timedelta(hours=rng.uniform(1, 30))
        late = due > self.teller.end - timedelta(days=2) and rng.random() < 0.5
        done = None if late or at_work > self.teller.end else at_work
        told = {
            "title": settings["title"].replace("{{ contact.name }}", life.name),
            "task_kind": settings["kind"],
            "due": due.isoformat(),
            "owner": owner,
            "owner_name": dict(self.teller.s.takers).get(owner or 0, ""),
        }
        life.tasks.append((p, p.step, told, at, done))
        self.teller.say(life, at + timedelta(milliseconds=3), "task.created", told, f"journey:{p.way.id}")

    def _hand_over(self, p: Passage, settings: Mapping[str, Any], at: datetime) -> tuple[str, str]:
        value = p.why["data"].get("value", settings["amount"])
        if value < settings["threshold"]:
            return "under", f"value:{value}"
        score = p.why["data"].get("points", 0)
        reason = "Score turned hot" if score else "Trial started"
        sell(self.teller, self.life, at + timedelta(milliseconds=5), reason, score, p, p.step)
        return "next", ""

    # -- conditions --------------------------------------------------------------------------------------------------
    def _true(self, node: Mapping[str, Any], p: Passage) -> bool:
        if "any" in node:
            return any(self._true(child, p) for child in node["any"])
        if "tag" in node:
            return node["tag"] in self.life.tags
        if "mail" in node:
            sent = [m for m in self.life.mails if m.by == (p, node["mail"]) and not m.refused]
            kind = f"mail.{node['did']}"
            return any(f[2] == kind and f[3]["message"] == str(m.id) for m in sent for f in self.life.facts)
        since = p.moved_at if node.get("since") == "arrival" else p.since
        return any(
            f[2] == node["event"] and f[0] > since and matching.holds(node.get("where") or (), f[3])
            for f in self.life.facts
        )


def _ending(graph: Mapping[str, Any], kind: str, data: Mapping[str, Any]) -> str | None:
    goal = graph.get("goal")
    if goal and matching.matches(goal, kind, data):
        return "goal"
    if any(matching.matches(rule, kind, data) for rule in graph.get("exits") or ()):
        return f"exit:{kind}"
    return None
