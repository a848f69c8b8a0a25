"""What came of a journey that was walked in memory: counted, and small enough to be kept after each batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

#: People named behind each number
NAMED = 20
MINUTE, HOUR, FINE = 60, 3600, 48 * 3600


class Tally:
    """Counts. `kept()` is JSON; `Tally(kept)` goes on from there."""

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        kept = kept or {}
        #: step -> what -> n: "entered", "done", "left", "waiting", "held" (by the journey's hours), "arm:ID",
        #: "refused:WHY", and of a mail "opened", "clicked"
        self.counts = {(step, what): n for step, ns in (kept.get("steps") or {}).items() for what, n in ns.items()}
        #: "entries", "people", "finished", "goal", "inside", "exit:WHY"
        self.totals: Counter[str] = Counter(kept.get("totals") or {})
        self.rules: Counter[str] = Counter(kept.get("rules") or {})
        self.days: Counter[str] = Counter(kept.get("days") or {})
        #: seconds in the journey, roughly (to the minute below two days, to the hour from there) -> people
        self.spans: Counter[str] = Counter(kept.get("spans") or {})
        #: "STEP what" or a total -> the first people who are behind the number
        self.named: dict[str, list[int]] = {k: list(v) for k, v in (kept.get("named") or {}).items()}

    @property
    def steps(self) -> dict[str, dict[str, int]]:
        """step -> what -> n."""
        out: dict[str, dict[str, int]] = {}
        for (step, what), n in self.counts.items():
            out.setdefault(step, {})[what] = n
        return out

    def kept(self) -> dict[str, Any]:
        return {
            "steps": self.steps,
            "totals": dict(self.totals),
            "rules": dict(self.rules),
            "days": dict(self.days),
            "spans": dict(self.spans),
            "named": self.named,
        }

    def _name(self, key: str, person: int) -> None:
        named = self.named.setdefault(key, [])
        if len(named) < NAMED and (not named or named[-1] != person):
            named.append(person)

    def entered(self, person: int, rule: int, at: datetime) -> None:
        self.totals["entries"] += 1
        self.rules[str(rule)] += 1
        self.days[at.date().isoformat()] += 1

    def step(self, step: str, what: str, person: int) -> None:
        n = self.counts.get((step, what), 0) + 1
        self.counts[step, what] = n
        if n <= NAMED:
            self._name(f"{step} {what}", person)

    def ended(self, person: int, how: str, seconds: float | None) -> None:
        """how: "finished", "goal", "inside" or "exit:WHY"."""
        self.totals[how] += 1
        self._name(how, person)
        if seconds is not None:
            grain = MINUTE if seconds < FINE else HOUR
            self.spans[str(int(seconds) // grain * grain)] += 1

    def span(self, share: float) -> int | None:
        """The time in the journey, in seconds, that this share of those who are through did not pass."""
        total, seen = sum(self.spans.values()), 0
        for seconds in sorted(self.spans, key=int):
            seen += self.spans[seconds]
            if seen >= share * total:
                return int(seconds)
        return None
