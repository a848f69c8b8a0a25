"""Pure decisions of the sales desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

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


CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """An amount as it is kept: two digits after the point."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def line_total(quantity: Decimal, unit_price: Decimal, discount: Decimal) -> Decimal:
    return cents(quantity * unit_price - discount)


def order_total(lines: Sequence[Decimal], discount: Decimal, tax: Decimal, shipping: Decimal) -> Decimal:
    """What is to pay: the lines' totals less the order's discount, with tax and shipping."""
    return cents(sum(lines, Decimal(0)) - discount + tax + shipping)


def order_status(
    *,
    total: Decimal,
    refunded: Decimal,
    paid_at: datetime | None,
    fulfilled_at: datetime | None,
    cancelled_at: datetime | None,
    refunded_at: datetime | None,
) -> str:
    """How an order stands, from what happened to it: what came last in an order's life decides, whatever is told
    late. An order of which a part was paid back stands as before."""
    if refunded_at is not None and refunded >= total:
        return "refunded"
    if cancelled_at is not None:
        return "cancelled"
    if fulfilled_at is not None:
        return "fulfilled"
    return "paid" if paid_at is not None else "pending"


def becomes_customer(stage: str, stage_at: datetime | None, paid_at: datetime) -> bool:
    """Whether a paid order makes somebody of this stage a customer: who is one, or an evangelist, stays; a former
    customer is one again if she paid after she had left."""
    if stage == "former":
        return stage_at is None or paid_at > stage_at
    return stage not in ("customer", "evangelist")
