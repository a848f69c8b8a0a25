"""The channel over which somebody is likeliest to answer.

What is counted are messages that were sent and how many of them were answered: a click or a reply is one, a mail that
was only opened a quarter. One person's are few, so they are mixed with what is known of everybody, as though WEIGHT
more messages had been sent to her and been answered as everybody's are (additive smoothing, as for the best hour); and
everybody's with what is usual, so that a channel which nobody has tried yet gets a fair try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

#: How long messages count, in days
DAYS = 180
#: How many messages what everybody does is worth, and how many messages what is usual is worth among everybody's
WEIGHT, LITTLE = 5.0, 20.0
USUAL = 0.1
#: From so many messages on her own answers are said to have decided
OWN = 3

#: (sent, answered)
Counts = tuple[float, float]
NOTHING: Counts = (0.0, 0.0)
Why = Literal["only", "hers", "usual"]


def rate(hers: Counts, everybody: Counts) -> float:
    """The share of messages that she is taken to answer."""
    usual = (everybody[1] + LITTLE * USUAL) / (everybody[0] + LITTLE)
    return (hers[1] + WEIGHT * usual) / (hers[0] + WEIGHT)


def ranked(
    open_to_her: Sequence[str], hers: Mapping[str, Counts], everybody: Mapping[str, Counts]
) -> tuple[list[str], Why]:
    """The channels that are open to her, the best first, and what decided: only one is open; her own answers; what
    people do. Of equal ones the one that was named first."""
    rates = {c: rate(hers.get(c, NOTHING), everybody.get(c, NOTHING)) for c in open_to_her}
    order = sorted(open_to_her, key=lambda c: -round(rates[c], 9))
    if len(order) < 2:
        return order, "only"
    return order, "hers" if sum(hers.get(c, NOTHING)[0] for c in order) >= OWN else "usual"
