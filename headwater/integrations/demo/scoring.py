"""What a person's facts were worth as time passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from headwater.audience.rules import Decay, Given, points_at

from .fit import HALF_LIFE
from .lives import HOT, WARM, Happened, Life, new_id

if TYPE_CHECKING:
    from .telling import Teller

DECAY = Decay("half", HALF_LIFE)
BANDS = ("cold", "warm", "hot")


class Score:
    """Her points by the score rules, as the product would count them; says when her band changes, by what she does or
    by time alone."""

    def __init__(self, teller: Teller, life: Life) -> None:
        self.teller, self.life = teller, life
        self.lines: list[Given] = []
        self.band, self.second = "cold", 0
        self.used: dict[tuple[int, str], int] = {}

    def hear(self, fact: Happened) -> None:
        """Count what happened."""
        at, _, kind, data, _ = fact
        given = [data["points"]] if kind == "score.changed" else []
        for n, (test, plus, cap) in enumerate(self.teller.s.rules.get(kind, ())):
            if test(data):
                if cap is not None:
                    key = (n, f"{kind}{at:%Y-%m-%d}")
                    had = self.used.get(key, 0)
                    plus = min(plus, max(0, cap - had))
                    self.used[key] = had + plus
                given.append(plus)
        if given:
            second = int(at.timestamp())
            self.cool(second)
            self.lines += [Given(points, second) for points in given]
            self.second = second
            self._turn(second, at + timedelta(milliseconds=400))

    def cool(self, until: int) -> None:
        """Let time pass up to a second. All lines halve at one pace, so that their sum goes one way, towards nothing:
        the second at which it leaves a band is found by halving the span."""
        while self.lines and _band(points_at(self.lines, DECAY, until)) != self.band:
            low, high = self.second, until
            while high - low > 1:
                middle = (low + high) // 2
                if _band(points_at(self.lines, DECAY, middle)) == self.band:
                    low = middle
                else:
                    high = middle
            self.second = high
            self._turn(high, datetime.fromtimestamp(high, UTC))

    def _turn(self, second: int, at: datetime) -> None:
        points = points_at(self.lines, DECAY, second)
        old, new = self.band, _band(points)
        if old != new:
            self.band = new
            way = "up" if BANDS.index(new) > BANDS.index(old) else "down"
            told = {"model": "engagement", "before": old, "after": new, "points": points, "direction": way}
            if way == "up":  # journeys hear it
                self.teller.say(self.life, at, "score.band_changed", told, "system")
            else:
                self.life.facts.append((at, new_id(self.teller.rng), "score.band_changed", told, "system"))


def _band(points: int) -> str:
    return "hot" if points >= HOT else "warm" if points >= WARM else "cold"
