"""The judge of the soak is right about ways that are right, and about those that are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from .oracle import Edit, Passage, Row, left_by, main_way, part_of
from .ways import Walker

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
FREE = Walker(1, "free", True, False, False)
EDITS = {1: Edit(1, "A", None), 2: Edit(2, "B", AT + timedelta(seconds=50)), 3: Edit(3, "A", None)}
RIGHT = [
    ("hello", "next", ""), ("calm", "next", ""), ("plan", "else", ""), ("rest", "next", ""), ("mark", "next", ""),
    ("open", "else", ""), ("call", "next", "finished"), ("end", "end", ""),
]  # fmt: skip
MOVED = [*RIGHT[:3], ("rest", "moved", "v2"), ("lounge", "next", ""), *RIGHT[4:]]


def passage(steps: list[tuple[str, str, str]], *, entered: int = 1, version: int = 1, pace: int = 1) -> Passage:
    log = [Row(n, step, AT + timedelta(seconds=n * pace), *rest) for n, (step, *rest) in enumerate(steps)]
    return Passage(7, 70, entered, version, "finished", "end", "end", len(log), log)


def test_a_way_that_follows_the_rules_is_right() -> None:
    assert main_way(passage(RIGHT), FREE, EDITS) == ""
    assert main_way(passage(MOVED, version=2), FREE, EDITS) == ""
    # She waited in a step that version 3 has as well, and the move left no line.
    assert main_way(passage(RIGHT, version=3), FREE, EDITS) == ""


@pytest.mark.parametrize(
    "steps, version, pace, words",
    [
        ([RIGHT[0], *RIGHT], 1, 1, "hop 1 (hello, next, ''): expected hop 1 in calm"),
        ([*RIGHT[:1], *RIGHT[2:]], 1, 1, "expected hop 1 in calm"),
        ([("hello", "next", "refused:no_consent"), *RIGHT[1:]], 1, 1, "hop 0"),
        ([*RIGHT[:2], ("plan", "pro", ""), *RIGHT[3:]], 1, 1, "hop 2"),
        (RIGHT[:-1], 1, 1, "before end"),
        (RIGHT, 4, 1, "on version 4, expected one of [1, 2, 3]"),
        ([*MOVED[:3], ("rest", "moved", "v3"), *MOVED[4:]], 3, 1, "no such move"),
    ],
)
def test_a_way_that_does_not_is_found(steps: list[tuple[str, str, str]], version: int, pace: int, words: str) -> None:
    assert words in main_way(passage(steps, version=version, pace=pace), FREE, EDITS)


def test_who_was_left_on_an_old_version_is_found() -> None:
    two = {n: EDITS[n] for n in (1, 2)}
    assert main_way(passage(RIGHT), FREE, two) == ""
    late = "still on an old version after everybody had been moved to version 2"
    assert late in main_way(passage(RIGHT, pace=20), FREE, two)


def test_somebody_who_stayed_where_she_was_is_found() -> None:
    stuck = replace(passage(RIGHT[:4]), state="waiting", outcome="", step="rest")
    assert "waiting" in main_way(stuck, FREE, EDITS)


def test_what_a_way_leaves_behind_follows_from_its_steps() -> None:
    main = passage(MOVED, version=2)
    left = left_by(FREE, main, None)
    assert left.tags == {"free", "way-B"}
    assert dict(left.mails) == {("journey:7.70:hello", ""): 1}
    assert (left.facts["mail.sent"], left.facts["tag.added"], left.points, left.tasks) == (1, 1, 0, 0)
    assert dict(left_by(replace(FREE, consent=False), main, None).mails) == {("journey:7.70:hello", "no_consent"): 1}


def test_the_split_parts_people_by_its_weights() -> None:
    parts = [part_of(replace(passage(RIGHT), id=n), "parts") for n in range(4000)]
    shares = {way: parts.count(way) / 4000 for way in ("holdout", "a", "b", "c")}
    assert shares == pytest.approx({"holdout": 0.1, "a": 0.225, "b": 0.225, "c": 0.45}, abs=0.03)
