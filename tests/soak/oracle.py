"""What must have become of each person, in plain Python: her way follows from who she is and from the rules of the
versions that she may have been on. It knows the journeys of ways.py by heart and reads none of the product's code."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .ways import MAPPING, POINTS, RESTS, Walker


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a passage's log."""

    hop: int
    step: str
    since: datetime
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A version: its variant; when everybody inside had been moved to it (None: the next one came before)."""

    number: int
    variant: str
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Passage:
    person_id: int
    id: int
    #: The number of the version she entered, and of the one she was on last
    entered: int
    version: int
    state: str
    outcome: str
    step: str
    hops: int
    log: Sequence[Row]


#: Steps in which somebody may be found, and moved, between two transactions
WAITING = {"calm", "ask", "rest", "lounge", "forever", "call"}


def part_of(passage: Passage, step: str) -> str:
    """The way that a random split takes: a tenth is held out, then 1 : 1 : 2."""
    key = f"{passage.person_id}.{passage.id}:{step}"
    drawn = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64
    if drawn < 0.1:
        return "holdout"
    left = (drawn - 0.1) / 0.9
    return "a" if left < 0.25 else "b" if left < 0.5 else "c"


def way(variant: str, step: str, who: Walker, passage: Passage) -> tuple[str, str, str | None]:
    """(outcome, reason, next step or None) of a step of the main journey."""
    rest = RESTS[variant]
    mail = "" if who.consent else "refused:no_consent"
    arm = {"pro": "ask", "team": "parts", "free": rest}
    part = part_of(passage, "parts")
    ways: dict[str, tuple[str, str, str | None]] = {
        "hello": ("next", mail, "calm"),
        "calm": ("next", "", "plan"),
        "plan": ("else" if who.plan == "free" else who.plan, "", arm[who.plan]),
        "ask": ("yes", "", "thanks"),
        "thanks": ("next", mail, "score"),
        "score": ("next", "", rest),
        "parts": (part, "", {"a": "tag_a", "b": "mail_b", "c": "task_c", "holdout": rest}[part]),
        "tag_a": ("next", "", rest),
        "mail_b": ("next", mail, rest),
        "task_c": ("next", "", rest),
        rest: ("next", "", "mark"),
        "mark": ("next", "", "open"),
        "open": ("closes", "", "forever") if who.closes else ("else", "", "call"),
        "forever": ("exit", "exit:soak.closed", None),
        "call": ("next", "finished", "end"),
        "end": ("end", "", None),
    }
    return ways.get(step, ("?", f"version {variant} has no step {step}", None))


def main_way(passage: Passage, who: Walker, edits: dict[int, Edit]) -> str:
    """What is wrong with her way through the main journey ("": nothing). Which version she was on is not in the log
    line by line, so the oracle follows all that she may have been on."""
    step: str | None = "hello"
    maybe = {passage.entered}
    for n, row in enumerate(passage.log):
        where = f"hop {n} ({row.step}, {row.outcome}, {row.reason!r})"
        if row.hop != n or row.step != step:
            return f"{where}: expected hop {n} in {step}"
        done = max((e.number for e in edits.values() if e.done_at and e.done_at < row.since), default=0)
        maybe = {v for v in maybe if v >= done}
        if row.step in WAITING:  # a move may have taken her along without a line
            here = [v for v, e in edits.items() if row.step not in MAPPING[e.variant] and maybe and v >= min(maybe)]
            maybe |= set(here)
        if not maybe:
            return f"{where}: still on an old version after everybody had been moved to version {done}"
        if row.outcome == "moved":
            to = int(row.reason[1:])
            step = MAPPING[edits[to].variant].get(row.step, row.step)
            if step == row.step or min(maybe) >= to:
                return f"{where}: no such move from versions {sorted(maybe)}"
            maybe = {to}
            continue
        found = {v: way(edits[v].variant, row.step, who, passage) for v in maybe}
        maybe = {v for v, (outcome, reason, _) in found.items() if (outcome, reason) == (row.outcome, row.reason)}
        if not maybe:
            return f"{where}: expected {sorted(set(map(str, found.values())))}"
        step = {found[v][2] for v in maybe}.pop() if len({found[v][2] for v in maybe}) == 1 else "?"
        if step == "?":  # the way parts by version: the next line decides
            following = passage.log[n + 1].step if n + 1 < len(passage.log) else None
            maybe = {v for v in maybe if found[v][2] == following}
            step = following if maybe else "?"
    return _ending(passage, who, step, maybe)


def _ending(passage: Passage, who: Walker, step: str | None, maybe: set[int]) -> str:
    want = ("exited", "exit:soak.closed", "forever") if who.closes else ("finished", "end", "end")
    have = (passage.state, passage.outcome, passage.step)
    if step is not None or have != want:
        return f"she is {have} before {step}, expected {want}"
    if passage.hops != len(passage.log):
        return f"{passage.hops} hops, {len(passage.log)} lines"
    return "" if passage.version in maybe else f"on version {passage.version}, expected one of {sorted(maybe)}"


def sub_way(passage: Passage, who: Walker) -> str:
    """The same for the journey with the loop."""
    mail = "" if who.consent else "refused:no_consent"
    round_ = [("note", "next", mail), ("tick", "next", "")]
    want = [*round_, ("loop", "again", ""), *round_, ("loop", "done", ""), ("bye", "next", "")]
    return _same(passage, want, "bye")


def member_way(passage: Passage) -> str:
    """The same for the journey of the segment."""
    return _same(passage, [("member", "next", "")], "member")


def _same(passage: Passage, want: list[tuple[str, str, str]], last: str) -> str:
    have = [(r.step, r.outcome, r.reason) for r in passage.log]
    if have != want or [r.hop for r in passage.log] != list(range(len(want))):
        return f"took {have}, expected {want}"
    ended = (passage.state, passage.outcome, passage.step, passage.hops)
    return "" if ended == ("finished", "end", last, len(want)) else f"ended {ended}"


@dataclass
class Left:
    """What somebody's ways must have left behind."""

    facts: Counter[str]
    mails: Counter[tuple[str, str]]  # (key, "" or why refused)
    tags: set[str]
    points: int
    tasks: int


def left_by(who: Walker, main: Passage, sub: Passage | None) -> Left:
    """The effects of the steps that she took: each once."""
    facts = Counter({"soak.began": 1, "journey.entered": 1})
    facts["journey.exited" if who.closes else "journey.finished"] += 1
    facts["soak.answered"] += who.plan == "pro"
    facts["soak.closed"] += who.closes
    steps = Counter(row.step for row in main.log if row.outcome != "moved")
    sends = [(main, s, "") for s in ("hello", "thanks", "mail_b") for _ in range(steps[s])]
    tags = {who.plan, *(["closes"] if who.closes else [])}
    # The rest before the mark is the one of the version that she was on then.
    given = ["a"] * steps["tag_a"] + [f"way-{variant}" for variant, rest in RESTS.items() if _left(main, rest)]
    if sub is not None:
        facts.update({"journey.entered": 1, "journey.finished": 1, "journey.called": 1})
        sends += [(sub, row.step, f":{row.hop}") for row in sub.log if row.step == "note"]
        given.append("sub")
    if member(who):
        facts.update({"segment.entered": 1, "journey.entered": 1, "journey.finished": 1})
        given.append("member")
    facts["score.changed"] += steps["score"]
    facts["task.created"] += steps["task_c"]
    keys = [f"journey:{p.person_id}.{p.id}:{step}{hop}" for p, step, hop in sends]
    facts["mail.queued" if who.consent else "mail.refused"] += len(keys)
    facts["mail.sent"] += len(keys) * who.consent
    mails = Counter((key, "" if who.consent else "no_consent") for key in keys)
    facts["tag.added"] += len(given)
    return Left(+facts, mails, tags | set(given), POINTS * steps["score"], steps["task_c"])


def _left(passage: Passage, step: str) -> bool:
    return any(row.step == step and row.outcome == "next" for row in passage.log)


def member(who: Walker) -> bool:
    """Does she come into the segment?"""
    return who.plan == "pro" and not who.closes
