"""What the oracle knows of deals, orders and tickets, and what one is like. Moments: seconds since START."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .records import TARGETS, Condition

Line = tuple[str, str, int, int]  # sku, product, pieces, price of one
_RUNNING = ("new", "open")
_NOT = {"ne": "eq", "not_in": "in", "not_contains": "contains", "not_starts_with": "starts_with",
        "not_ends_with": "ends_with", "not_empty": "empty"}  # fmt: skip


@dataclass
class Deal:
    pk: int
    amount: int
    created_at: int
    status: str = "open"


@dataclass
class Order:
    pk: int
    lines: Sequence[Line]
    placed_at: int
    paid_at: int | None = None
    fulfilled_at: int | None = None
    cancelled_at: int | None = None
    refunded_at: int | None = None
    refunded: int = 0
    #: Kept where the lines that made it are all taken away
    total: int = 0
    quantity: int = 0

    def __post_init__(self) -> None:
        self.say(self.lines)

    def say(self, lines: Sequence[Line]) -> None:
        """These are its lines."""
        self.lines = lines
        self.quantity = sum(pieces for _sku, _name, pieces, _price in lines)
        if lines:
            self.total = sum(pieces * price for _sku, _name, pieces, price in lines)

    @property
    def status(self) -> str:
        if self.refunded_at is not None and self.refunded == self.total:
            return "refunded"
        for status in ("cancelled", "fulfilled", "paid"):
            if getattr(self, f"{status}_at") is not None:
                return status
        return "pending"

    @property
    def sku(self) -> list[str]:
        return [line[0] for line in self.lines]

    @property
    def product(self) -> list[str]:
        return [line[1] for line in self.lines]


@dataclass
class Ticket:
    pk: int
    priority: str
    created_at: int
    status: str = "new"
    first_reply_at: int | None = None
    solved_at: int | None = None
    closed_at: int | None = None
    #: When its clocks stood: since, and how long before
    stood_since: int | None = None
    stood: int = 0

    def goes(self, status: str, now: int) -> None:
        """It has another status since now."""
        if status == self.status:
            return
        if status in _RUNNING and self.stood_since is not None:
            self.stood, self.stood_since = self.stood + now - self.stood_since, None
        elif status not in _RUNNING and self.stood_since is None:
            self.stood_since = now
        ended = status in ("solved", "closed")
        self.solved_at = (now if self.solved_at is None else self.solved_at) if ended else None
        self.closed_at = now if status == "closed" else None
        self.status = status

    @property
    def ends(self) -> list[int]:
        """When the clocks that run end."""
        if self.status not in _RUNNING:
            return []
        reply, solution = TARGETS[self.priority]
        running = [solution] if self.first_reply_at is not None else [reply, solution]
        return [self.created_at + self.stood + length for length in running if length is not None]

    @property
    def due_at(self) -> int | None:
        return min(self.ends, default=None)

    def overdue(self, now: int) -> bool:
        return any(end <= now for end in self.ends)

    @property
    def reply_minutes(self) -> Fraction | None:
        return _minutes(self.created_at, self.first_reply_at)

    @property
    def solution_minutes(self) -> Fraction | None:
        return _minutes(self.created_at, self.solved_at)


def _minutes(start: int, end: int | None) -> Fraction | None:
    return None if end is None else Fraction(end - start, 60)


def meets(row: Any, asked: Condition, now: int) -> bool:
    """Whether a deal, order or ticket is as one condition asks; of its lines, whether one is."""
    value, op = getattr(row, asked["field"]), asked["op"]
    if callable(value):
        value = value(now)
    if not isinstance(value, list):
        return _is(value, op, asked.get("value"), now)
    if op == "not_empty":
        return any(value)
    if op == "empty":
        return not any(value)
    if op in _NOT:
        return not any(_is(one, _NOT[op], asked["value"], now) for one in value)
    return any(_is(one, op, asked["value"], now) for one in value)


def _is(x: Any, op: str, value: Any, now: int) -> bool:
    if op in _NOT:
        return not _is(x, _NOT[op], value, now)
    if op == "empty":
        return x is None or x == ""
    if x is None:
        return False
    if op in ("within", "older_than", "within_next"):
        return _timely(x, op, int(value[:-1]), now)
    if isinstance(x, str):
        return _text(x.lower(), op, value)
    if isinstance(value, float):
        value = Fraction(str(value))
    return bool({"eq": x == value, "gt": x > value, "gte": x >= value, "lt": x < value, "lte": x <= value}[op])


def _timely(at: int, op: str, length: int, now: int) -> bool:
    if op == "within_next":
        return now <= at <= now + length
    return now - length < at <= now if op == "within" else at <= now - length


def _text(x: str, op: str, value: Any) -> bool:
    if op == "in":
        return x in [v.lower() for v in value]
    said: dict[str, Callable[[str], bool]] = {
        "eq": x.__eq__, "contains": x.__contains__, "starts_with": x.startswith, "ends_with": x.endswith,
    }  # fmt: skip
    return bool(said[op](value.lower()))


def measure(name: str, rows: Sequence[Any], of: str) -> Fraction | None:
    """The sum, avg, min or max of a number of these, of those that have it; None where none has."""
    found = [Fraction(value) for row in rows if (value := getattr(row, of)) is not None]
    if not found:
        return None
    return {"sum": sum(found, Fraction()), "max": max(found), "min": min(found), "avg": sum(found) / len(found)}[name]
