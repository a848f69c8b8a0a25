"""What the bench's people walk through."""

from __future__ import annotations

from typing import Any

SECOND = {"amount": 1, "unit": "seconds"}
YEAR = {"amount": 365, "unit": "days"}
NEVER = {"event": "bench.never", "since": "entry"}


def ten_kinds(mark: str) -> dict[str, Any]:
    """Ten steps of ten kinds on each way: people part, are asked about, tagged, scored, wait twice, and one of their
    fields is set. Of what a step writes beside its log, each person gets a tag, points and a field; nobody has the tag
    that is taken away, nor the date that is waited for. mark: the tag, and the field's value, which nobody has yet."""
    half = {"variants": [{"id": "a", "label": "A", "weight": 1}, {"id": "b", "label": "B", "weight": 1}]}
    tagged = {"arms": [{"id": "yes", "when": {"tag": mark}}]}
    steps: dict[str, Any] = {
        "part": {"kind": "split", "settings": half, "arms": {"a": "tag", "b": "tag"}},
        "tag": {"kind": "add_tag", "settings": {"tag": mark}, "next": "points"},
        "points": {"kind": "change_score", "settings": {"points": 5}, "next": "calm"},
        "calm": {"kind": "wait", "settings": {"for": SECOND}, "next": "asked"},
        "asked": {"kind": "branch", "settings": tagged, "arms": {"yes": "field", "else": "field"}},
        "field": {
            "kind": "set_field",
            "settings": {"field": "contact.custom.bench", "mode": "set", "value": mark},
            "next": "day",
        },
        "day": {
            "kind": "wait_date",
            "settings": {"by": "field", "field": "contact.renewal_date", "days": 3, "side": "before"},
            "next": "stranger",
        },
        "stranger": {"kind": "remove_tag", "settings": {"tag": "stranger"}, "next": "heard"},
        "heard": {
            "kind": "wait_until",
            "settings": {"until": NEVER, "timeout": SECOND},
            "arms": {"yes": "end", "timeout": "end"},
        },
        "end": {"kind": "exit", "settings": {}, "arms": {}},
    }
    return _graph("part", steps)


def a_year() -> dict[str, Any]:
    """One step, at which everybody waits."""
    return _graph("long", {"long": {"kind": "wait", "settings": {"for": YEAR}, "next": None}})


def a_second() -> dict[str, Any]:
    """One step, from which everybody wakes soon."""
    return _graph("short", {"short": {"kind": "wait", "settings": {"for": SECOND}, "next": None}})


def _graph(start: str, steps: dict[str, Any]) -> dict[str, Any]:
    return {
        "entry": [{"kind": "manual"}],
        "reentry": {"rule": "always"},
        "goal": None,
        "exits": [],
        "start": start,
        "steps": steps,
    }
