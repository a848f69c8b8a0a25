"""The hour in which somebody is likeliest to read.

What is counted are opens (1) and clicks (3) by hour of her own day. One person's are few, so they are mixed with what
is known of everybody: as though `WEIGHT` more of hers had come in as everybody's come (additive smoothing towards a
prior, Chen and Goodman 1999, section 2.1), and the hours beside an hour count half as much as itself. Nobody's opens at
all: ten in the morning.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

HOURS = 24
OPEN, CLICK = 1, 3
#: How many opens what everybody does is worth
WEIGHT = 5.0
#: Where nothing is known
USUAL = 10
#: Minutes of the hour over which people are spread, so that not everybody is written to at the same moment
HALF = 30
#: How long opens and clicks count, in days
DAYS = 180

Counts = Sequence[float]
NOTHING: Counts = (0.0,) * HOURS


def best_hour(hers: Counts, everybody: Counts, allowed: Collection[int] = range(HOURS)) -> int:
    """The best of the allowed hours, 0 to 23. hers, everybody: what was counted in each hour. Of equal hours the one
    that is nearest to ten in the morning; the earlier of two."""
    total = sum(everybody)
    mixed = [h + (WEIGHT * e / total if total else 0.0) for h, e in zip(hers, everybody, strict=True)]
    smooth = [mixed[n - 1] / 2 + mixed[n] + mixed[(n + 1) % HOURS] / 2 for n in range(HOURS)]
    return min(allowed, key=lambda hour: (-round(smooth[hour], 9), abs(hour - USUAL), hour))


def hours_within(window: Sequence[str] | None) -> list[int]:
    """The hours whose first half lies in a window ("08:30", "10:00"), which may pass midnight; all without one."""
    if not window:
        return list(range(HOURS))
    (opens, minutes), (closes, rest) = ([int(part) for part in text.split(":")] for text in window)
    first = opens + (minutes > 0)
    last = closes + (rest >= HALF) + (HOURS if (closes, rest) <= (opens, minutes) else 0)
    return [hour % HOURS for hour in range(first, last)]
