"""The journeys of the bench: twenty as a marketing team has them, and the events that make twelve of them send a mail
at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Rule = Mapping[str, Any]
Json = dict[str, Any]
DAY, WEEK = {"amount": 1, "unit": "days"}, {"amount": 7, "unit": "days"}
MAIL = """<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.first_name | default("there") }},
  shall we talk? <a href="https://bench.example/call">Yes</a></mj-text>
  <mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>"""

#: Segments whose members journeys write to: key -> definition. People are in none of them before the bench
JOINED: dict[str, Json] = {
    "bench-webinar": {"event": "webinar.joined", "count": {"op": "gte", "value": 1}, "within": "90d"},
    "bench-quote": {"all": [{"event": "quote.asked", "count": {"op": "gte", "value": 1}}, {"consent": "email"}]},
    "bench-fair": {"all": [{"event": "fair.visited", "count": {"op": "gte", "value": 1}, "within": "30d"},
                           {"not": {"tag": "no fairs"}}]},
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """A journey. event: what makes somebody enter who is in `pool` ("" : anybody; "points:20:39"; "outside:KEY" of a
    segment); None: nobody is sent in on purpose, ordinary traffic brings people. steps: before the mail."""

    entry: Rule
    event: Json | None = None
    pool: str = ""
    steps: str = "mail"
    reentry: str = "always"


def page(path: str) -> Json:
    return {"type": "page", "url": f"https://bench.example{path}?utm_source=news", "title": f"Page {path}"}


def track(name: str) -> Json:
    return {"type": "track", "name": name, "properties": {"plan": "team"}, "url": "https://bench.example/app"}


def viewed(path: str) -> Json:
    return {"kind": "event", "event": "page.viewed", "where": [{"prop": "path", "op": "eq", "value": path}]}


def sent(form: str) -> Json:
    return {"kind": "event", "event": "form.submitted", "where": [{"prop": "name", "op": "eq", "value": form}]}


def _form(name: str) -> Json:
    """`email` and `first_name` are filled in for each sender."""
    return {"type": "form", "form": name, "fields": {}, "url": "https://bench.example/contact"}


PLANS = (
    Plan(viewed("/landing/spring"), page("/landing/spring")),
    Plan(viewed("/landing/retail"), page("/landing/retail"), steps="branch"),
    Plan(viewed("/landing/food"), page("/landing/food"), steps="tag"),
    Plan({"kind": "event", "event": "trial.started"}, track("trial.started"), steps="long"),
    Plan({"kind": "event", "event": "cart.left"}, track("cart.left"), steps="branch"),
    Plan({"kind": "segment", "segment": "bench-webinar"}, track("webinar.joined"), "outside:bench-webinar"),
    Plan({"kind": "segment", "segment": "bench-quote"}, track("quote.asked"), "outside:bench-quote", "long"),
    Plan({"kind": "segment", "segment": "bench-fair"}, track("fair.visited"), "outside:bench-fair", "tag"),
    Plan({"kind": "score", "band": "warm"}, page("/pricing"), "points:0:19"),
    Plan({"kind": "score", "band": "hot"}, page("/pricing/enterprise"), "points:45:58", "task"),
    Plan(sent("demo"), _form("demo")),
    Plan(sent("contact"), _form("contact"), steps="branch"),
    Plan(viewed("/blog/forecasting"), steps="nurture", reentry="when_finished"),
    Plan(viewed("/docs"), steps="nurture", reentry="once"),
    Plan(viewed("/features/forecast"), steps="nurture", reentry="when_finished"),
    Plan({"kind": "left_segment", "segment": "bench-webinar"}, steps="nurture"),
    Plan({"kind": "segment", "segment": "bench-4"}, steps="nurture", reentry="when_finished"),
    Plan({"kind": "tag", "tag": "vip"}, steps="task"),
    Plan({"kind": "stage", "stage": "customer"}, steps="nurture"),
    Plan({"kind": "event", "event": "file.downloaded"}, steps="nurture", reentry="when_finished"),
)


def graph(plan: Plan, template: int, later: int, segments: Mapping[str, int]) -> Json:
    """The plan as a journey. template: the mail sent at once, later: the one after a wait."""
    entry = dict(plan.entry)
    if "segment" in entry:
        entry["segment"] = segments.get(entry["segment"]) or segments["bench-webinar"]
    mail = {"kind": "send_email", "settings": {"template": template}, "next": None}
    again = {"kind": "send_email", "settings": {"template": later}, "next": None}
    warm = {"arms": [{"id": "yes", "when": {"score": "engagement", "op": "gte", "value": 30}}], "else_label": "No"}
    ways: dict[str, Json] = {
        "mail": {"mail": mail},
        "branch": {
            "ask": {"kind": "branch", "settings": warm, "arms": {"yes": "mail", "else": "mail"}},
            "mail": mail,
        },
        "tag": {"tag": {"kind": "add_tag", "settings": {"tag": "reader"}, "next": "mail"}, "mail": mail},
        "task": {
            "mail": {**mail, "next": "call"},
            "call": {"kind": "create_task", "settings": {"title": "Call {{ contact.name }}", "kind": "call"},
                     "next": None},
        },
        "long": {
            "mail": {**mail, "next": "rest"},
            "rest": {"kind": "wait", "settings": {"for": DAY}, "next": "ask"},
            "ask": {"kind": "branch", "settings": warm, "arms": {"yes": "again", "else": None}},
            "again": again,
        },
        "nurture": {
            "tag": {"kind": "add_tag", "settings": {"tag": "nurtured"}, "next": "rest"},
            "rest": {"kind": "wait", "settings": {"for": WEEK}, "next": "again"},
            "again": again,
        },
    }  # fmt: skip
    steps = {key: {"title": "", **step} for key, step in ways[plan.steps].items()}
    start = next(iter(steps))
    goal = {"kind": "stage", "stage": "customer"} if plan.steps in ("long", "nurture") else None
    return {"entry": [entry], "reentry": {"rule": plan.reentry}, "goal": goal, "exits": [], "start": start,
            "steps": steps}  # fmt: skip


def subject(number: int) -> str:
    """How a mail says whose journey sent it: the mail measured."""
    return f"Bench {number:02} shall we talk?"


def number_of(subject: str) -> int:
    """The journey's number; -1 for mails that nobody waits for."""
    words = subject.split()
    return int(words[1]) if len(words) > 1 and words[0] == "Bench" and words[1].isdigit() else -1
