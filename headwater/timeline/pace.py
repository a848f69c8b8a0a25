"""How many facts a consumer reads in one transaction: as many as it digests in BATCH_SECONDS.

A consumer that is far behind then holds up the others, and the people who are up to date, for no longer than that in
each pass, whatever it does with a fact. What is measured here is lost with the process and learnt again in a few
batches.
"""

from __future__ import annotations

import os

#: How long a batch should take.
BATCH_SECONDS = float(os.environ.get("HEADWATER_BATCH_SECONDS", "0.25"))
#: Never more facts than this in one transaction, and never fewer than that.
BATCH_TOTAL = int(os.environ.get("HEADWATER_BATCH_TOTAL", "4000"))
BATCH_LEAST = 50

#: Where a smaller batch cost this much more for each fact than the larger one before it, beginning is what costs
#: (many statements, a busy machine): smaller ones would get nowhere.
DEAR = 2.0

_size: dict[str, int] = {}
_last: dict[str, tuple[int, float]] = {}  # consumer -> facts of its last batch, and the seconds that each cost


def size(consumer: str) -> int:
    """How many facts its next batch may have."""
    return min(_size.get(consumer, BATCH_TOTAL), BATCH_TOTAL)


def begin(consumer: str, facts: int) -> None:
    """Start with so many facts, where nothing has been learnt yet."""
    _size.setdefault(consumer, facts)


def learn(consumer: str, facts: int, seconds: float, *, within: float = BATCH_SECONDS) -> None:
    """A batch of so many facts took so long. Too long: the next one is smaller in proportion, at most to a quarter;
    but as large as before where each fact of the larger one was cheaper by far. A full one that took less than half of
    what it may: the next one may be half as big again."""
    now, each = size(consumer), seconds / max(1, facts)
    before, cheaper = _last.get(consumer, (0, 0.0))
    _last[consumer] = facts, each
    if seconds > within and 2 * facts <= before and each > DEAR * cheaper:
        _size[consumer] = min(BATCH_TOTAL, max(now, before))
    elif seconds > within and facts > BATCH_LEAST:
        wanted = int(facts * within / seconds)
        _size[consumer] = max(BATCH_LEAST, facts // 4, wanted)
    elif 2 * seconds < within and 2 * facts >= now:
        _size[consumer] = min(BATCH_TOTAL, now * 3 // 2)


def forget() -> None:
    """Start anew (tests)."""
    _size.clear()
    _last.clear()
