"""The journeys of the soak, in two variants that are published in turn, and the people who walk through them."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from typing import Any

SPACE = uuid.UUID("5b0c7a0e-2f64-4d53-8f0a-0f6d7a1c9e55")
HOURS = {"amount": 6, "unit": "hours"}
#: Between the variants: where somebody who stands in a step that the other one does not have goes on
MAPPING = {"B": {"rest": "lounge"}, "A": {"lounge": "rest"}}
#: The step that only this variant has
RESTS = {"A": "rest", "B": "lounge"}
POINTS = 5


def seconds(n: int) -> dict[str, Any]:
    return {"amount": n, "unit": "seconds"}


@dataclass(frozen=True, slots=True)
class Walker:
    """One of the people, drawn from the seed. plan: "pro", "team" or "free"."""

    number: int
    plan: str
    consent: bool
    #: Her last step is a wait that only the exit rule ends
    closes: bool
    #: The answer that "pro" people are asked for comes at once, or while they wait
    early: bool

    @property
    def email(self) -> str:
        return f"p{self.number}@soak.example"

    @property
    def tags(self) -> list[str]:
        return [self.plan, *(["closes"] if self.closes else [])]

    def fact(self, kind: str) -> uuid.UUID:
        """The id of a fact that the soak records about her: recorded again, it is the same fact."""
        return uuid.uuid5(SPACE, f"{self.number} {kind}")


def walkers(count: int, seed: int) -> list[Walker]:
    """The same people for the same seed."""
    draw = random.Random(f"{seed} people")
    return [
        Walker(
            n,
            draw.choices(("pro", "team", "free"), (3, 4, 3))[0],
            draw.random() < 0.85,
            draw.random() < 0.1,
            draw.random() < 0.5,
        )
        for n in range(count)
    ]


def step(kind: str, to: str | None, /, **settings: Any) -> dict[str, Any]:
    return {"kind": kind, "settings": settings, "next": to}


def fork(kind: str, ways: dict[str, str | None], /, **settings: Any) -> dict[str, Any]:
    return {"kind": kind, "settings": settings, "arms": ways}


def when_tagged(*tags: str) -> list[dict[str, Any]]:
    return [{"id": tag, "label": tag, "when": {"tag": tag}} for tag in tags]


def main_graph(variant: str, mails: dict[str, int], sub: int) -> dict[str, Any]:
    """Mails, waits, branches, a split, a call of the other journey, an exit by an event."""
    rest = RESTS[variant]
    ways = [{"id": w, "label": w, "weight": 2 if w == "c" else 1} for w in "abc"]
    steps = {
        "hello": step("send_email", "calm", template=mails["hello"]),
        "calm": step("wait", "plan", **{"for": seconds(1)}),
        "plan": fork(
            "branch", {"pro": "ask", "team": "parts", "else": rest}, arms=when_tagged("pro", "team"), else_label="Free"
        ),
        "ask": fork(
            "wait_until", {"yes": "thanks", "timeout": "end"},
            until={"event": "soak.answered", "since": "entry"}, timeout=HOURS,
        ),
        "thanks": step("send_email", "score", template=mails["thanks"]),
        "score": step("change_score", rest, points=POINTS),
        "parts": fork(
            "split", {"a": "tag_a", "b": "mail_b", "c": "task_c", "holdout": rest}, variants=ways, holdout=10
        ),
        "tag_a": step("add_tag", rest, tag="a"),
        "mail_b": step("send_email", rest, template=mails["b"]),
        "task_c": step("create_task", rest, title="Call {{ contact.name }}", kind="call"),
        rest: step("wait", "mark", **{"for": seconds(2 if variant == "A" else 1)}),
        "mark": step("add_tag", "open", tag=f"way-{variant}"),
        "open": fork("branch", {"closes": "forever", "else": "call"}, arms=when_tagged("closes"), else_label="No"),
        "forever": step("wait", "end", **{"for": HOURS}),
        "call": fork("start_journey", {"next": "end", "timeout": "end"}, journey=sub, wait=True, timeout=HOURS),
        "end": fork("exit", {}),
    }  # fmt: skip
    return {
        "entry": [{"kind": "event", "event": "soak.began"}],
        "exits": [{"kind": "event", "event": "soak.closed"}],
        "reentry": {"rule": "once"},
        "goal": None,
        "start": "hello",
        "steps": steps,
    }


def sub_graph(mails: dict[str, int]) -> dict[str, Any]:
    """A mail, a wait, once more round the loop, a tag."""
    steps = {
        "note": step("send_email", "tick", template=mails["note"]),
        "tick": step("wait", "loop", **{"for": seconds(1)}),
        "loop": fork("jump", {"done": "bye"}, to="note", most=1),
        "bye": step("add_tag", None, tag="sub"),
    }
    return {
        "entry": [{"kind": "manual"}], "exits": [], "reentry": {"rule": "always"}, "goal": None, "start": "note",
        "steps": steps,
    }  # fmt: skip


def segment_graph(segment: int) -> dict[str, Any]:
    """Whoever comes into the segment gets a tag."""
    return {
        "entry": [{"kind": "segment", "segment": segment}], "exits": [], "reentry": {"rule": "once"}, "goal": None,
        "start": "member", "steps": {"member": step("add_tag", None, tag="member")},
    }  # fmt: skip


#: Who is in the segment: asked, and through the other journey
SEGMENT = {"all": [{"event": "soak.answered"}, {"tag": "sub"}]}
