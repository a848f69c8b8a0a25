"""Answers about large journeys that take long are kept for a while: they change little in that time."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from . import overview

T = TypeVar("T")
#: A journey with so many entries is large; all others are asked anew each time
LARGE = 50_000
#: An answer is kept for so many times as long as it took, within these bounds (seconds)
WORTH, LEAST, MOST = 30, 5.0, 300.0
#: Answers kept by one process
ROOM = 500
_answers: dict[Hashable, tuple[float, Any]] = {}


def is_large(journey_id: int) -> bool:
    return overview.totals(journey_id).get("entered", 0) >= LARGE


def kept(key: Hashable, large: bool, make: Callable[[], T]) -> T:
    """The answer of `make`, or, of a large journey, the one that was kept under this key."""
    if not large:
        return make()
    now = time.monotonic()
    found = _answers.get(key)
    if found is not None and now < found[0]:
        answer: T = found[1]
        return answer
    answer = make()
    if len(_answers) >= ROOM:
        _answers.clear()
    _answers[key] = (now + min(MOST, max(LEAST, WORTH * (time.monotonic() - now))), answer)
    return answer
