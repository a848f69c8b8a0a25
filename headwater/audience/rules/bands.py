"""Bands cut the points of a model into named ranges; thresholds are points whose crossing is told as a fact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypedDict

COLD, WARM, HOT = "cold", "warm", "hot"
BANDS = (COLD, WARM, HOT)


class Band(TypedDict):
    """`from` is missing (None) in the lowest band only."""

    key: str
    name: str
    hue: int
    start: int | None


Bands = Sequence[Band]
#: Names that are "" are shown as the key's own translated word (Cold, Warm, Hot)
DEFAULT_BANDS: list[Band] = [
    {"key": COLD, "name": "", "hue": 235, "start": None},
    {"key": WARM, "name": "", "hue": 60, "start": 20},
    {"key": HOT, "name": "", "hue": 25, "start": 60},
]
MOST_BANDS, MOST_THRESHOLDS, HIGHEST = 8, 20, 1_000_000


def band_of(points: int, bands: Bands) -> str:
    """The key of the band that holds so many points; bands lie in order, the lowest first and without a start."""
    found = bands[0]["key"] if bands else COLD
    for band in bands[1:]:
        start = band["start"]
        if start is None or points < start:
            break
        found = band["key"]
    return found


def bands_problem(bands: Any) -> str | None:
    """What is wrong with a list of bands, in English and for developers; None where nothing is."""
    if not isinstance(bands, list) or not 1 <= len(bands) <= MOST_BANDS:
        return f"must be a list of 1 to {MOST_BANDS} bands"
    keys = [b.get("key") if isinstance(b, dict) else None for b in bands]
    if any(not isinstance(k, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,19}", k) for k in keys):
        return "each band needs a key of small letters, digits and dashes, at most 20"
    if len(set(keys)) < len(keys):
        return "two bands have the same key"
    starts = [b.get("start") for b in bands]
    if starts[0] is not None:
        return "the lowest band has no start"
    rest = starts[1:]
    if any(not isinstance(s, int) or isinstance(s, bool) or abs(s) > HIGHEST for s in rest):
        return "each other band begins at a whole number of points"
    return None if rest == sorted(set(rest)) else "each band must begin above the one before"


def crossed(before: int, after: int, thresholds: Sequence[int]) -> list[tuple[int, str]]:
    """The thresholds between two scores, in the order in which they were passed, with "up" or "down"."""
    if after > before:
        return [(t, "up") for t in sorted(thresholds) if before < t <= after]
    return [(t, "down") for t in sorted(thresholds, reverse=True) if after < t <= before]
