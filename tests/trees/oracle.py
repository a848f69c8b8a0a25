"""The same answers in plain Python: a person as a handful of lists, a condition as a walk over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .conditions import START, Condition
from .rows import Deal, Order, Ticket, measure, meets

_MASK = 0xFFFFFFFF


@dataclass
class Firm:
    pk: int
    industry: str = ""


@dataclass
class Person:
    """What the oracle knows of somebody: moments are seconds since START."""

    pk: int
    created: int = 0
    plan: str | None = None
    plan_since: int | None = None
    tags: set[str] = field(default_factory=set)
    events: list[tuple[int, str, str, float]] = field(default_factory=list)  # at, kind, path, n
    seats: int | None = None
    due: int | None = None
    consent: str = "none"
    points: int = 0
    firm: Firm | None = None
    deals: list[Deal] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    #: Key of a segment -> "in" or "out"
    picked: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """now: seconds since START. segments: key -> the condition of one that can be taken in."""

    now: int
    segments: dict[str, Condition]

    def member(self, key: str, c: Condition, p: Person) -> bool:
        """Whether somebody is in the segment of this key and condition."""
        side = p.picked.get(key, "")
        return side == "in" or (side != "out" and self.holds(c, p))

    def holds(self, c: Condition, p: Person) -> bool:
        """Whether a condition holds for somebody."""
        if "all" in c:
            return all(self.holds(x, p) for x in c["all"])
        if "any" in c:
            return any(self.holds(x, p) for x in c["any"])
        if "not" in c:
            return not self.holds(c["not"], p)
        if "segment" in c:
            return self.member(c["segment"], self.segments[c["segment"]], p)
        for name, rows in (("deal", p.deals), ("order", p.orders), ("ticket", p.tickets)):
            if name in c:
                return self._records(c, [row for row in rows if all(meets(row, x, self.now) for x in c[name])])
        for name, answer in (("field", self._field), ("event", self._event)):
            if name in c:
                return answer(c, p)
        return self._other(c, p)

    def _other(self, c: Condition, p: Person) -> bool:
        if "tag" in c:
            return c["tag"] in p.tags
        if "consent" in c:
            return bool(p.consent == c["state"])
        if "random" in c:
            return bool(drawn(p.pk, c["seed"]) < round(c["random"] * 100))
        if "interest" in c:
            signs = [at for at, kind, path, _ in p.events if kind == "link.clicked" and path == "/pricing"]
            recent = "within" not in c or moment(max(signs, default=None), "within", c["within"], self.now)
            return compare(2 * len(signs), c["op"], c["value"]) and recent
        if "band" in c:
            return bool(c["band"] == ("hot" if p.points >= 60 else "warm" if p.points >= 20 else "cold"))
        return compare(p.points, c["op"], c["value"])

    def _event(self, c: Condition, p: Person) -> bool:
        mine = [e for e in p.events if e[1] == c["event"] and e[0] <= self.now and fits(e[2], e[3], c.get("where", []))]
        times = [e[0] for e in mine]
        counted = [e for e in mine if "within" not in c or e[0] > self.now - seconds(c["within"])]
        if "between" in c:
            low, high = ((datetime.fromisoformat(d) - START).total_seconds() for d in c["between"])
            counted = [e for e in counted if low <= e[0] <= high]
        for name, of in (("sum", sum), ("max", max)):
            if name in c and not (counted and compare(of(e[3] for e in counted), c[name]["op"], c[name]["value"])):
                return False
        count = c.get("count", {"op": "gte", "value": 1})
        return (
            compare(len(counted), count["op"], count["value"])
            and ("first" not in c or moment(min(times, default=None), c["first"]["op"], c["first"]["value"], self.now))
            and ("last" not in c or moment(max(times, default=None), c["last"]["op"], c["last"]["value"], self.now))
        )

    def _records(self, c: Condition, rows: Sequence[Any]) -> bool:
        for name in c.keys() & {"sum", "avg", "min", "max"}:
            found = measure(name, rows, c[name]["field"])
            if found is None or not compare(found, c[name]["op"], c[name]["value"]):
                return False
        count = c.get("count", {"op": "gte", "value": 1})
        return compare(len(rows), count["op"], count["value"])

    def _field(self, c: Condition, p: Person) -> bool:
        name, op = c["field"], c["op"]
        if name == "contact.created_at":
            return moment(p.created, op, c["value"], self.now)
        if name == "contact.seats":
            return compare(p.seats, op, c["value"]) if p.seats is not None else bool(op == "ne")
        if name == "contact.due":
            if op == "within_next":
                return p.due is not None and self.now <= p.due <= self.now + seconds(c["value"])
            return moment(p.due, op, c["value"], self.now)
        if op == "held_for":
            since = p.created if p.plan_since is None else p.plan_since
            return bool(p.plan == c["equals"] and since <= self.now - seconds(c["value"]))
        value = p.plan if name == "contact.plan" else p.firm.industry if p.firm else ""
        if op == "empty":
            return not value
        return bool((value == c["value"]) == (op == "eq"))


def seconds(text: str) -> int:
    return int(text[:-1])


def moment(at: int | None, op: str, value: str, now: int) -> bool:
    if at is None:
        return False
    return now - seconds(value) < at <= now if op == "within" else at <= now - seconds(value)


def compare(n: Any, op: str, value: Any) -> bool:
    if op == "between":
        return bool(value[0] <= n <= value[1])
    return bool({"gte": n >= value, "gt": n > value, "lt": n < value, "lte": n <= value, "eq": n == value,
                 "ne": n != value}[op])  # fmt: skip


def fits(path: str, n: float, where: list[dict[str, Any]]) -> bool:
    return all(_fits(path if c["prop"] == "path" else n, c["op"], c.get("value")) for c in where)


def _fits(x: Any, op: str, value: Any) -> bool:
    if op == "starts_with":
        return bool(x.startswith(tuple(value) if isinstance(value, list) else value))
    if op == "contains":
        return bool(value.lower() in x.lower())
    if op == "in":
        return str(x) in map(str, value)
    return x != "" if op == "not_empty" else compare(x, op, value)


def drawn(pk: int, seed: int) -> int:
    """The number from 0 to 9999 that a random sample draws for somebody: PostgreSQL's hashint8extended, an unsigned
    number of it, written down once more."""
    a = b = c = (0x9E3779B9 + 4 + 3923095) & _MASK
    if seed:
        wide = seed & 0xFFFFFFFFFFFFFFFF
        a, b, c = _mix((a + (wide >> 32)) & _MASK, (b + (wide & _MASK)) & _MASK, c)
    _, b, c = _final((a + ((pk & _MASK) ^ (pk >> 32))) & _MASK, b, c)
    value = b << 32 | c
    signed = value - (1 << 64) if value >> 63 else value
    return (signed + (1 << 63)) % 10_000


def _turn(x: int, by: int) -> int:
    return (x << by | x >> (32 - by)) & _MASK


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for by in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & _MASK) ^ _turn(c, by)
        c = (c + b) & _MASK
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> tuple[int, int, int]:
    c = ((c ^ b) - _turn(b, 14)) & _MASK
    a = ((a ^ c) - _turn(c, 11)) & _MASK
    b = ((b ^ a) - _turn(a, 25)) & _MASK
    c = ((c ^ b) - _turn(b, 16)) & _MASK
    a = ((a ^ c) - _turn(c, 4)) & _MASK
    b = ((b ^ a) - _turn(a, 14)) & _MASK
    return a, b, ((c ^ b) - _turn(b, 24)) & _MASK
