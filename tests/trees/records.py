"""Random conditions on deals, orders (also on one of their lines) and tickets; and what happens to them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Condition = dict[str, Any]
Draw = st.SearchStrategy[Condition]
SPANS = st.integers(2, 12).map(lambda n: f"{n}s")
COUNT = st.one_of(
    st.none(),
    st.fixed_dictionaries({"op": st.sampled_from(["gte", "gt", "lt", "lte", "eq", "ne"]), "value": st.integers(0, 3)}),
    st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda t: {"op": "between", "value": [t[0], t[0] + t[1]]}),
)
SKUS, PRODUCTS = ("A-1", "B-2", ""), ("Tea", "Café")
#: Of the desk's clocks, in seconds: priority -> until the reply, until the solution
TARGETS: dict[str, tuple[int | None, int | None]] = {
    "urgent": (3, 9), "high": (6, None), "normal": (None, 12), "low": (None, None),
}  # fmt: skip


def field(name: str, op: str, value: Any, **more: Any) -> Condition:
    return {"field": name, "op": op, "value": value, **more}


def evenly(*of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One of these, each as often as the others (one_of counts what is inside of them)."""
    return st.sampled_from(of).flatmap(lambda one: one)


def _is(name: str, *values: str) -> Draw:
    """A choice: one, another than that, one of some."""
    some = st.lists(st.sampled_from(values), min_size=1, max_size=2)
    return st.one_of(
        st.tuples(st.sampled_from(["eq", "ne"]), st.sampled_from(values)).map(lambda t: field(name, *t)),
        st.tuples(st.sampled_from(["in", "not_in"]), some).map(lambda t: field(name, *t)),
    )


def _number(name: str, *values: float) -> Draw:
    ops = st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"])
    return st.tuples(ops, st.sampled_from(values)).map(lambda t: field(name, *t))


def _moment(*names: str) -> Draw:
    """A moment that comes and goes by itself, or is not known at all."""
    asked = st.tuples(st.sampled_from(names), st.sampled_from(["within", "older_than", "within_next"]), SPANS)
    empty = st.tuples(st.sampled_from(names), st.sampled_from(["empty", "not_empty"]))
    return st.one_of(
        asked.map(lambda t: field(*t)), asked.map(lambda t: field(*t)), empty.map(lambda t: {"field": t[0], "op": t[1]})
    )


def _line(name: str, *values: str) -> Draw:
    """What one line of an order is, or none is."""
    texts = ("contains", "not_contains", "starts_with", "not_starts_with", "ends_with", "not_ends_with")
    parts = st.sampled_from([v[:2].lower() for v in values if v] + [v[-1] for v in values if v])
    return st.one_of(
        _is(name, *values),
        st.tuples(st.sampled_from(texts), parts).map(lambda t: field(name, *t)),
        st.sampled_from(["empty", "not_empty"]).map(lambda op: {"field": name, "op": op}),
    )


def _records(name: str, asked: Draw, *numbers: str, of: tuple[str, ...] = ("sum", "max", "min", "avg")) -> Draw:
    worth = st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {
                "field": st.sampled_from(numbers),
                "op": st.sampled_from(["gte", "lt", "eq"]),
                "value": st.integers(1, 6),
            },
        ),
    )
    measures = st.tuples(st.sampled_from(of), worth, worth)
    return st.tuples(st.lists(asked, max_size=3), COUNT, measures).map(
        lambda t: {
            k: v for k, v in {name: t[0], "count": t[1], t[2][0]: t[2][1], "max": t[2][2]}.items() if v is not None
        }
    )


DEALS = _records(
    "deal", evenly(_is("status", "open", "won", "lost"), _number("amount", 1, 2, 3), _moment("created_at")), "amount"
)
ORDERS = _records(
    "order",
    evenly(
        _is("status", "pending", "paid", "fulfilled", "cancelled", "refunded"),
        evenly(_number("total", 1, 2, 4, 6), _number("refunded", 0, 1, 2), _number("quantity", 0, 1, 2, 3)),
        evenly(_line("sku", *SKUS), _line("product", *PRODUCTS, "A-1")),
        _moment("placed_at", "paid_at", "fulfilled_at", "cancelled_at", "refunded_at"),
    ),
    "total", "refunded", "quantity",
)  # fmt: skip
TICKETS = _records(
    "ticket",
    evenly(
        _is("status", "new", "open", "pending", "solved", "closed"),
        _is("priority", *TARGETS),
        st.tuples(st.sampled_from(["eq", "ne"]), st.booleans()).map(lambda t: field("overdue", *t)),
        _moment("due_at", "due_at", "created_at", "first_reply_at", "solved_at", "closed_at"),
        evenly(_number("reply_minutes", 0, 0.05, 0.1), _number("solution_minutes", 0, 0.1, 0.2)),
    ),
    "reply_minutes", "solution_minutes", of=("max", "min"),  # a third of a minute has no last digit to add up
)  # fmt: skip


def steps(who: st.SearchStrategy[int]) -> list[st.SearchStrategy[tuple[Any, ...]]]:
    """What happens to deals, orders and tickets of somebody; `which` of hers, where she has some."""
    which = st.integers(0, 2)
    line = st.tuples(st.sampled_from(SKUS), st.sampled_from(PRODUCTS), st.integers(1, 2), st.integers(0, 3))
    lines = st.lists(line, max_size=3).map(tuple)
    status = st.sampled_from(["", "paid", "fulfilled", "cancelled", "refunded"])
    sold = ["mark_paid", "fulfil", "cancel", "refund", "reopen", "delete_order"]
    desk = ["reply", "answer", "new", "open", "pending", "solved", "closed", "delete_ticket", *TARGETS]
    order = st.tuples(st.just("order"), who, lines, st.integers(-4, 3), status)
    ticket = st.tuples(st.just("ticket"), who, st.sampled_from(list(TARGETS)))
    return [
        st.tuples(st.just("deal"), who, st.integers(1, 3)),
        st.tuples(st.just("end"), who, st.sampled_from(["won", "lost", "gone"])),
        order,
        order,
        order,
        st.tuples(st.just("sold"), who, which, st.sampled_from(sold)),
        st.tuples(st.just("refund"), who, which, st.integers(1, 2)),
        st.tuples(st.just("lines"), who, which, lines),
        ticket,
        ticket,
        st.tuples(st.just("desk"), who, which, st.sampled_from(desk)),
        st.tuples(st.just("hands"), who, st.sampled_from(["orders", "tickets"]), which, who),
    ]
