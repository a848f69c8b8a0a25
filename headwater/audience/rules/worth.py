"""What points are worth as time passes.

The score at a moment t is the sum of what each line of the ledger is worth then, rounded to whole points, halves
upwards: floor(sum + 1/2). Time counts in whole seconds: the age of a line is floor(t) - floor(at), never below 0.
With a span of S seconds (the model's days), a line of p points is worth

    none     p
    half     p * 2^(-age / S)           nothing after 40 spans (a millionth of a millionth)
    linear   p * (S - age) / S          nothing from age S on
    expiry   p                          nothing from age S on

Lines that stand while a condition holds keep their points whatever their age. "linear" is exact (integers), "half" is
summed with doubles and rounded to a millionth of a point first. `compiler/leaves/score.py` has the same as SQL.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: Half-lives after which nothing is left, and the fraction of a point to which halves are rounded
GONE, MICRO = 40, 1_000_000
DAY = 86_400
KINDS = ("none", "half", "linear", "expiry")
#: The kind of lines that stand while a condition holds
STANDS = "condition"


@dataclass(frozen=True, slots=True)
class Decay:
    """kind: one of KINDS; days: the half-life, or the age at which nothing is left."""

    kind: str = "none"
    days: int = 0

    @property
    def span(self) -> int:
        """Seconds."""
        return self.days * DAY

    @property
    def window(self) -> int | None:
        """The age in seconds from which a line is worth nothing; None: never."""
        return {"half": GONE * self.span, "linear": self.span, "expiry": self.span}.get(self.kind)


NO_DECAY = Decay()


class Given(NamedTuple):
    """A line of the ledger. second: of the epoch, when it was given; stands: it does not decay."""

    points: int
    second: int
    stands: bool = False


def _sum(given: Sequence[Given], decay: Decay, second: int) -> tuple[int, int]:
    """The sum as a fraction."""
    if decay.kind == "none":
        return sum(g.points for g in given), 1
    span, window = decay.span, decay.window or 0
    still = sum(g.points for g in given if g.stands)
    young = [(g.points, max(0, second - g.second)) for g in given if not g.stands and second - g.second < window]
    if decay.kind == "expiry":
        return still + sum(p for p, _ in young), 1
    if decay.kind == "linear":
        return still * span + sum(p * (span - age) for p, age in young), span
    return still * MICRO + round(sum(p * 2.0 ** (-age / span) for p, age in young) * MICRO), MICRO


def points_at(given: Sequence[Given], decay: Decay, second: int) -> int:
    """The score at a second of the epoch, of lines that are there by then."""
    top, bottom = _sum(given, decay, second)
    return (2 * top + bottom) // (2 * bottom)


def next_turn(given: Sequence[Given], decay: Decay, second: int) -> int | None:
    """The first second after this one at which the score is another one by time alone; None: never."""
    ages = [g for g in given if not g.stands]
    if decay.kind == "none" or not ages:
        return None
    if decay.kind == "half":
        return _next_half(given, decay, second)
    ends = sorted({g.second + decay.span for g in ages if g.second + decay.span > second})
    now = points_at(given, decay, second)
    if decay.kind == "expiry":
        return next((end for end in ends if points_at(given, decay, end) != now), None)
    return _next_linear(given, decay, second, now, ends)


def _next_half(given: Sequence[Given], decay: Decay, second: int) -> int | None:
    still = sum(g.points for g in given if g.stands)
    top, bottom = _sum(given, decay, second)
    now, moving = points_at(given, decay, second), top / bottom - still
    edge = (now - still) - 0.5 if moving > 0 else (now - still) + 0.5
    if not moving or edge * moving <= 0:  # it has come as near to nothing as whole points can show
        return None
    guess = second + max(1, math.floor(decay.span * math.log2(moving / edge)) - 1)
    while guess > second + 1 and points_at(given, decay, guess - 1) != now:
        guess -= 1
    last = max(g.second for g in given) + (decay.window or 0)
    while points_at(given, decay, guess) == now:
        if guess > last:
            return None
        guess += 1
    return guess


def _next_linear(given: Sequence[Given], decay: Decay, second: int, now: int, ends: Sequence[int]) -> int | None:
    """The sum falls along a straight line from one end of a line of the ledger to the next."""
    span, at = decay.span, second
    for end in ends:
        top, _ = _sum(given, decay, at)
        slope = sum(g.points for g in given if not g.stands and g.second <= at and at - g.second < span)
        steps = None
        if slope > 0:
            steps = (2 * top - 2 * span * now + span) // (2 * slope) + 1
        elif slope < 0:
            steps = -((2 * top - 2 * span * (now + 1) + span) // (2 * -slope))
        if steps is not None and at + steps <= end:
            return at + max(1, steps)
        at = end
        if points_at(given, decay, at) != now:
            return at
    return None


def worth_of(one: Given, decay: Decay, second: int) -> float:
    """What one line is worth at a second, for people to read."""
    top, bottom = _sum([one], decay, second)
    return top / bottom


def shares(values: Sequence[float], places: int = 1) -> list[float]:
    """Values rounded to so many decimals so that they still add up to their rounded sum: each is rounded down, and
    those with the largest remainders get the missing steps (the method of the largest remainder)."""
    scale = 10**places
    exact = [v * scale for v in values]
    lows = [math.floor(x + 1e-9) for x in exact]
    missing = round(math.fsum(exact)) - sum(lows)
    order = sorted(range(len(exact)), key=lambda n: lows[n] - exact[n])
    for n in order[: max(0, missing)]:
        lows[n] += 1
    return [low / scale for low in lows]
