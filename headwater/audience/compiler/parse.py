"""JSON -> tree. Every mistake is found in one go, each with its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headwater.core.plain import BAD_NUMBER, BAD_TEXT, TOO_DEEP, flaw

from .nodes import LEAVES, At, ConditionError, Group, Known, Leaf, Node, Not, Problem

MAX_DEPTH = 12
MAX_CHILDREN = 100
_FLAWS = {
    TOO_DEEP: "is nested too deeply",
    BAD_TEXT: "must not contain characters that are none (NUL, half of a surrogate pair)",
    BAD_NUMBER: "must be a finite number, and not a huge one",
}


def parse(
    condition: Any, *, segments: Callable[[str], Known | None] | None = None, trail: tuple[str, ...] = ()
) -> Node:
    """The tree of a condition.

    segments: what is known of a segment by its key, or None where there is none (default: the database). trail: keys
    of the segments being defined, which the condition must not lead back to; the last one draws the random samples.
    Raises ConditionError.
    """
    if found := flaw(condition):
        raise ConditionError([Problem(f"${found[0]}", _FLAWS[found[1]])])
    problems: list[Problem] = []
    at = At("$", problems, segments or _stored, trail)
    node = parse_node(condition, at)
    if problems:
        raise ConditionError(problems)
    return node


def parse_segment(
    key: str, condition: Any, picked: bool, *, segments: Callable[[str], Known | None] | None = None
) -> Node:
    """The tree of a segment: its condition, and who is in or out by hand. Raises ConditionError."""
    from .leaves.picked import with_picked

    node = parse(condition, segments=segments, trail=(key,))
    return with_picked(node, key) if picked else node


def _stored(key: str) -> Known | None:
    from headwater.audience.models import Segment

    row = Segment.objects.filter(key=key).only("name", "definition", "pending", "picked").first()
    return None if row is None else Known(row.name, row.definition if row.pending is None else row.pending, row.picked)


def parse_node(raw: Any, at: At, depth: int = 0) -> Node:
    """One node; where something is wrong it notes the problem and returns an empty group."""
    empty = Group("all", (), path=at.path)
    if not isinstance(raw, Mapping):
        at.wrong("must be an object")
        return empty
    if depth > MAX_DEPTH:
        at.wrong(f"is nested deeper than {MAX_DEPTH} groups")
        return empty
    names = [key for key in ("all", "any", "not", *LEAVES) if key in raw]
    # a leaf's own keys may be the name of another type ({"score": ..., "segment": ...} never is)
    marks = [key for key in names if not any(key in LEAVES[n].keys for n in names if n in LEAVES and n != key)]
    if len(marks) != 1:
        wanted = ", ".join(("all", "any", "not", *LEAVES))
        at.wrong(f"must have exactly one of: {wanted}" if not marks else f"has {' and '.join(marks)}: take one of them")
        return empty
    mark = marks[0]
    if mark in ("all", "any", "not"):
        for key in raw:
            if key != mark:
                at.wrong(f"unknown key beside {mark!r}", f".{key}")
        return _group(mark, raw[mark], at, depth)
    return _leaf(mark, raw, at)


def _group(mark: str, raw: Any, at: At, depth: int) -> Node:
    if mark == "not":
        return Not(parse_node(raw, at.below(".not"), depth + 1), path=at.path)
    if not isinstance(raw, list):
        at.wrong("must be a list of conditions", f".{mark}")
        return Group("all", (), path=at.path)
    if len(raw) > MAX_CHILDREN:
        at.wrong(f"has more than {MAX_CHILDREN} conditions", f".{mark}")
        return Group("all", (), path=at.path)
    children = tuple(parse_node(item, at.below(f".{mark}[{n}]"), depth + 1) for n, item in enumerate(raw))
    return Group(mark, children, path=at.path)


def _leaf(mark: str, raw: Mapping[str, Any], at: At) -> Node:
    at.budget[0] -= 1
    if at.budget[0] < 0:
        if at.budget[0] == -1:
            at.wrong("the condition, with the segments it refers to, has more than 500 leaves")
        return Group("all", (), path=at.path)
    cls = LEAVES[mark]
    for key in raw:
        if key != mark and key not in cls.keys:
            at.wrong(f"unknown key beside {mark!r}", f".{key}")
    before = len(at.problems)
    made = cls.parse(raw, at)
    return made if len(at.problems) == before and isinstance(made, Leaf) else Group("all", (), path=at.path)
