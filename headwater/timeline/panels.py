"""What this package adds to `headwater doctor`: how the log is doing."""

from __future__ import annotations

from datetime import timedelta

from headwater.core import clock
from headwater.core.doctor import OK, WARN, Finding
from headwater.core.registry import doctor_checks

from . import partitions, queries

#: A reaction whose oldest unread fact is older than this is worth a look.
LATE = 60.0


def examine() -> list[Finding]:
    """Lag of each reaction, workers, parked facts, months, replays."""
    now = clock.now()
    return [*_reactions(queries.lag(now), queries.workers(now)), *_parked(), *_months(), *_replays()]


def _reactions(lags: list[queries.Lag], workers: list[queries.Worker]) -> list[Finding]:
    at_work = [w for w in workers if w.name]
    late = [one for one in lags if one.oldest_seconds > LATE]
    found = [
        Finding(OK, f"reaction {one.consumer}: {one.facts_behind:,} facts behind") for one in lags if one not in late
    ]
    mend = (
        "start a worker: headwater work"
        if not at_work
        else "Settings, Health shows who is slow; a further worker helps"
    )
    found += [
        Finding(
            WARN,
            f"reaction {one.consumer}: {one.facts_behind:,} facts behind, the oldest for {one.oldest_seconds:,.0f} s",
            mend,
        )
        for one in late
    ]
    names = ", ".join(w.name for w in at_work)
    return [*found, Finding(OK, f"workers: {names}" if names else "no worker is connected at the moment")]


def _parked() -> list[Finding]:
    return [
        Finding(
            WARN,
            f"{count:,} facts are parked: {consumer} failed on them",
            f"headwater api GET '/health/parked?consumer={consumer}' says why; Settings, Health lets them try again",
        )
        for consumer, count in queries.parked_counts().items()
    ]


def _months() -> list[Finding]:
    months = partitions.months()
    following = partitions.next_month(clock.now())
    size = sum(m.bytes for m in months) / 2**20
    found = [Finding(OK, f"history: {len(months)} partitions, {size:,.0f} MiB")]
    if not any(m.first == following for m in months):
        words = f"the history has no partition for {following:%Y-%m} yet"
        ahead = following - clock.now() < timedelta(days=7)
        found.append(Finding(WARN if ahead else OK, words, "a worker makes it: headwater work" if ahead else ""))
    return found


def _replays() -> list[Finding]:
    running = [r for r in queries.replays() if r.state == r.RUNNING]
    return [Finding(OK, f"replay of {r.consumer}: {r.percent} %, {r.facts:,} facts") for r in running]


doctor_checks.add("timeline", examine)
