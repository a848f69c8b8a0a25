"""Which way of a split is better: a two-proportion z-test, looked at a few times only.

The pooled two-proportion z-test (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd edition,
chapter 3). The best way is tested against the next best, two-sided, with Bonferroni's correction for the number of
other ways. Looking again and again would find a winner by chance, so it is looked at when each way has the minimum
sample, then twice, four times, eight times that; the first look may spend half of the 5 %, the second a quarter, and
so on, which adds up to no more than 5 % (alpha spending).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Verdict:
    """winner: a way's id, or "" for none yet; p: corrected for the number of ways; needed: what p had to stay below."""

    winner: str
    p: float
    needed: float


def two_proportions(a: int, n: int, b: int, m: int) -> float:
    """The p-value, two-sided, of a successes in n against b in m."""
    pooled = (a + b) / (n + m)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    if spread == 0:
        return 1.0
    return math.erfc(abs(a / n - b / m) / spread / math.sqrt(2))


def needed(look: int) -> float:
    """What p has to stay below at this look (0: the first)."""
    return float(ALPHA / 2 ** (look + 1))


def verdict(results: Mapping[str, tuple[int, int]], look: int) -> Verdict:
    """results: way -> (people, successes), at least two ways with people."""
    ranked = sorted(results.items(), key=lambda item: (-item[1][1] / item[1][0], item[0]))
    (best, (n, a)), (_next, (m, b)) = ranked[0], ranked[1]
    p = min(1.0, two_proportions(a, n, b, m) * (len(ranked) - 1))
    return Verdict(best if p < needed(look) else "", p, needed(look))
