"""What sales made of a lead: answered, called, moved through the stages, won or lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import world
from .lives import Life, Passage, Sale

if TYPE_CHECKING:
    from .telling import Teller

SLA = timedelta(minutes=60)
#: stage, days until it is reached (from, to), chance to be lost before
STEPS = (("Qualified", 1, 6, 0.0), ("Proposal", 6, 28, 0.26), ("Negotiation", 8, 34, 0.2), ("Won", 6, 32, 0.3))
YEARLY = {"Starter": 3480, "Team": 10680, "Enterprise": 28800}


def sell(teller: Teller, life: Life, at: datetime, reason: str, score: int, by: Passage, step: str) -> None:
    """A step of a journey hands her over at that moment; tell what followed until now."""
    rng, now, system = teller.rng, teller.s.now, f"journey:{by.way.id}"
    owner, owner_name = teller.s.takers[teller.turn % len(teller.s.takers)]
    teller.turn += 1
    sale = life.sale = Sale(at, owner, reason, score, "open", at + SLA, (by, step))
    sale.amount = max(490, round(YEARLY[life.plan] * rng.uniform(0.7, 1.5) / 10) * 10)
    sale.path = [("Lead", at)]
    _stage(teller, life, at, "mql", reason, system)
    teller.say(life, at + timedelta(milliseconds=1), "owner.changed",
               {"after": owner, "after_name": owner_name, "reason": "hand-over"}, system)  # fmt: skip
    handed = {"owner": owner, "owner_name": owner_name, "reason": reason, "score": score, "sla": sale.due.isoformat()}
    _handover(teller, life, at + timedelta(milliseconds=2), "lead.handed_over", handed, system)
    created = {"name": "", "amount": f"{sale.amount}.00", "currency": "EUR", "pipeline": "Sales", "stage": "Lead"}
    _deal(teller, life, at + timedelta(milliseconds=3), "deal.created", created, system)
    task = {"title": f"Call {life.name}", "task_kind": "call", "due": sale.due.isoformat(), "owner": owner,
            "owner_name": owner_name}  # fmt: skip
    sale.deal_facts.append(task)
    teller.say(life, at + timedelta(milliseconds=4), "task.created", task, system)
    answer = at + timedelta(minutes=min(60 * 30, rng.lognormvariate(3.4, 0.9)))
    open_ = answer > now or (now - at < timedelta(days=2) and rng.random() < 0.55)
    sale.tasks.append((at, f"Call {life.name}", "call", sale.due, None if open_ else answer, task))
    if open_:
        return
    sale.answered_at, actor = answer, f"user:{owner}"
    minutes = int((answer - at).total_seconds() // 60)
    if rng.random() < 0.13 or life.job == "Student":
        sale.status, sale.return_reason = "returned", rng.choice(world.RETURNED)
        _handover(teller, life, answer, "lead.returned",
                  {"reason": sale.return_reason, "owner": owner, "minutes": minutes}, actor)  # fmt: skip
        _stage(
            teller, life, answer + timedelta(milliseconds=1), "lead", f"returned by sales: {sale.return_reason}", actor
        )
        _lose(teller, life, answer + timedelta(milliseconds=2), "returned to marketing", actor)
        return
    sale.status = "accepted"
    _handover(teller, life, answer, "lead.accepted",
              {"owner": owner, "minutes": minutes, "in_time": answer <= sale.due}, actor)  # fmt: skip
    _stage(teller, life, answer + timedelta(milliseconds=1), "sql", "accepted by sales", actor)
    _call(teller, sale, life, answer + timedelta(minutes=4), actor)
    _walk(teller, life, sale, answer, actor)


def _walk(teller: Teller, life: Life, sale: Sale, at: datetime, actor: str) -> None:
    rng, now = teller.rng, teller.s.now
    for stage, low, high, risk in STEPS:
        at = at + timedelta(days=rng.uniform(low, high))
        at = at.replace(hour=min(17, max(8, int(rng.gauss(13, 2.5)))))
        if at > now:
            _next_task(teller, sale, life)
            return
        if rng.random() < risk:
            _lose(teller, life, at, rng.choice(world.LOST), actor)
            return
        before = sale.path[-1][0]
        sale.path.append((stage, at))
        if stage == "Won":
            won = {"name": "", "amount": f"{sale.amount}.00", "currency": "EUR"}
            _deal(teller, life, at, "deal.won", won, actor)
            _stage(teller, life, at + timedelta(milliseconds=1), "customer", "won", actor)
            return
        _deal(teller, life, at, "deal.moved", {"name": "", "before": before, "after": stage}, actor)
        if stage == "Proposal":
            _stage(teller, life, at + timedelta(milliseconds=1), "opportunity", "proposal sent", actor)
        if rng.random() < 0.5:
            _call(teller, sale, life, at + timedelta(hours=1), actor)
        if rng.random() < 0.4:
            note: dict[str, Any] = {"text": rng.choice(world.NOTES)}
            when = min(at + timedelta(hours=2), now)
            sale.notes.append((when, note["text"], note))
            sale.deal_facts.append(note)
            teller.say(life, when, "note.added", note, actor)
    _next_task(teller, sale, life)


def _call(teller: Teller, sale: Sale, life: Life, at: datetime, actor: str) -> None:
    rng = teller.rng
    if at > teller.s.now:
        return
    outcome = rng.choice(("reached", "reached", "reached", "no_answer", "left_message"))
    seconds = int(rng.uniform(180, 1500)) if outcome == "reached" else 0
    text = rng.choice(world.CALL_NOTES) if outcome == "reached" else ""
    fact: dict[str, Any] = {"direction": "out", "outcome": outcome, "seconds": seconds, "text": text}
    sale.calls.append((at, outcome, seconds, text, fact))
    sale.deal_facts.append(fact)
    teller.say(life, at, "call.logged", fact, actor)


def _next_task(teller: Teller, sale: Sale, life: Life) -> None:
    rng, now = teller.rng, teller.s.now
    kind, title = rng.choice(
        (("call", f"Ask {life.name} about the pilot"), ("email", f"Send {life.name} the revised offer"),
         ("todo", f"Prepare the numbers for {life.name}"))
    )  # fmt: skip
    due = (now + timedelta(days=rng.uniform(-2.5, 9))).replace(hour=rng.randrange(8, 18), minute=0, second=0)
    sale.tasks.append((min(now, sale.path[-1][1]), title, kind, due, None, None))


def _lose(teller: Teller, life: Life, at: datetime, reason: str, actor: str) -> None:
    assert life.sale is not None
    life.sale.path.append(("Lost", at))
    life.sale.lost_reason = reason
    _deal(teller, life, at, "deal.lost",
          {"name": "", "reason": reason, "amount": f"{life.sale.amount}.00", "currency": "EUR"}, actor)  # fmt: skip


def _stage(teller: Teller, life: Life, at: datetime, stage: str, reason: str, actor: str) -> None:
    teller.say(life, at, "stage.changed", {"before": life.stage, "after": stage, "reason": reason}, actor)
    life.stage, life.stage_at = stage, at


def _deal(teller: Teller, life: Life, at: datetime, kind: str, data: dict[str, Any], actor: str) -> None:
    assert life.sale is not None
    life.sale.deal_facts.append(data)
    teller.say(life, at, kind, data, actor)


def _handover(teller: Teller, life: Life, at: datetime, kind: str, data: dict[str, Any], actor: str) -> None:
    assert life.sale is not None
    life.sale.deal_facts.append(data)
    life.sale.handover_facts.append(data)
    teller.say(life, at, kind, data, actor)
