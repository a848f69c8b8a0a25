"""Pure decisions of the sales desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

#: name, kind, probability, rot days, hue
DEFAULT_STAGES: tuple[tuple[str, str, int, int, int], ...] = (
    ("Lead", "open", 10, 7, 235),
    ("Qualified", "open", 25, 14, 190),
    ("Proposal", "open", 50, 14, 60),
    ("Negotiation", "open", 75, 10, 300),
    ("Won", "won", 100, 0, 150),
    ("Lost", "lost", 0, 0, 25),
)
DEFAULT_PIPELINE = "Sales"
#: Of stages that users add, one after the other
HUES = (235, 190, 60, 300, 265, 345, 90, 120)
#: Distance between two cards of a freshly numbered column, and the least between which a card still fits.
STEP = 1024.0
LEAST_GAP = 1e-6
#: The stages of a life that a hand-over lifts to MQL; whoever is further stays there.
BELOW_MQL = ("lead", "former")
#: What a lost deal says whose lead went back
RETURNED = "returned to marketing"


def rotate(takers: Sequence[int], last: int, count: int) -> tuple[list[int], int]:
    """The next `count` takers in turn after `last`, and who was last now. takers: ids in ascending order."""
    if not takers or count <= 0:
        return [], last
    start = next((i for i, pk in enumerate(takers) if pk > last), 0)
    turn = [takers[(start + n) % len(takers)] for n in range(count)]
    return turn, turn[-1]


def between(before: float | None, after: float | None) -> float | None:
    """A position between two cards (None: the column's end on that side); None where there is no room left."""
    if before is None and after is None:
        return 0.0
    if before is None:
        assert after is not None
        return after - STEP
    if after is None:
        return before + STEP
    return (before + after) / 2 if after - before > LEAST_GAP else None


def is_rotten(stage_at: datetime, rot_days: int, now: datetime) -> bool:
    """Whether a deal has stood in its stage for longer than the stage allows."""
    return rot_days > 0 and now - stage_at > timedelta(days=rot_days)


def deal_name(given: str, company: str, person: str) -> str:
    """What a handed-over lead's deal is called: as asked, else after its company, else after the person."""
    return (given.strip() or company.strip() or person.strip() or "—")[:200]


def minutes_between(start: datetime, end: datetime) -> int:
    """Whole minutes, never below nought."""
    return max(0, int((end - start).total_seconds() // 60))


def in_time_share(answered_in_time: int, answered: int) -> int:
    """Percent of answers that came in time; 0 where nothing was answered."""
    return round(100 * answered_in_time / answered) if answered else 0


def named(names: Mapping[int, str], pk: int | None) -> str:
    """A colleague's name, or a dash."""
    return names.get(pk or 0, "—")
