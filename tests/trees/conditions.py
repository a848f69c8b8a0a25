"""Random conditions of every sort, in random trees, that may take other segments in; and random lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from . import records
from .records import COUNT, DEALS, ORDERS, SPANS, TICKETS, Condition, evenly, field

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PEOPLE, FIRMS = 3, 2
#: Segments that conditions can take in; the second one can take in the first
INNER = ("s0", "s1")
KINDS = ("a.done", "page.done", "link.clicked")
PATHS = ("/pricing", "/b", "/É")

WHERE = st.sampled_from(
    [
        None,
        [{"prop": "path", "op": "starts_with", "value": "/p"}],
        [{"prop": "path", "op": "ne", "value": "/b"}],
        [{"prop": "path", "op": "contains", "value": "/P"}],
        [{"prop": "path", "op": "contains", "value": "é"}],
        [{"prop": "n", "op": "in", "value": [1, "2.5"]}, {"prop": "path", "op": "not_empty"}],
        [{"prop": "n", "op": "gte", "value": 2}],
        [{"prop": "amount", "op": "gte", "value": 2}, {"prop": "path", "op": "in", "value": ["/b", "/É"]}],
        [{"prop": "n", "op": "lt", "value": 2.5}, {"prop": "path", "op": "starts_with", "value": ["/b", "/É"]}],
    ]
)
EDGE = st.one_of(st.none(), st.fixed_dictionaries({"op": st.sampled_from(["within", "older_than"]), "value": SPANS}))
SUM = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"prop": st.sampled_from(["n", "amount"]), "op": st.sampled_from(["gte", "lt"]), "value": st.integers(1, 6)},
    ),
)
BETWEEN = st.tuples(st.integers(0, 10), st.integers(0, 20)).map(
    lambda t: [(START + timedelta(seconds=t[0] + after)).isoformat() for after in (0, t[1])]
)


def _without_none(raw: Condition) -> Condition:
    return {k: v for k, v in raw.items() if v is not None}


def _one_window(raw: Condition) -> Condition:
    return {k: v for k, v in raw.items() if not (k == "between" and "within" in raw)}


EVENTS = (
    st.fixed_dictionaries(
        {
            "sum": SUM,
            "max": SUM,
            "between": st.one_of(st.none(), st.none(), BETWEEN),
            "event": st.sampled_from(KINDS),
            "where": WHERE,
            "count": COUNT,
            "within": st.one_of(st.none(), SPANS),
            "first": EDGE,
            "last": EDGE,
        }
    )
    .map(_without_none)
    .map(_one_window)
)
FIELDS = st.one_of(
    st.sampled_from([field("contact.plan", op, "x") for op in ("eq", "ne")]),
    st.just({"field": "contact.plan", "op": "empty"}),
    SPANS.map(lambda s: field("contact.plan", "held_for", s, equals="x")),
    st.tuples(st.sampled_from(["within", "older_than"]), SPANS).map(lambda t: field("contact.created_at", *t)),
    st.tuples(st.sampled_from(["within", "older_than", "within_next"]), SPANS).map(
        lambda t: {**field("contact.due", *t), "as": "datetime"}
    ),
    st.tuples(st.sampled_from(["gte", "lt", "eq", "ne"]), st.integers(1, 3)).map(
        lambda t: {**field("contact.seats", *t), "as": "number"}
    ),
    st.sampled_from([field("company.industry", op, "Food") for op in ("eq", "ne")]),
    st.just({"field": "company.industry", "op": "empty"}),
)
SCORES = st.one_of(
    st.tuples(st.sampled_from(["gte", "lt"]), st.integers(0, 6)).map(
        lambda t: {"score": "engagement", "op": t[0], "value": t[1]}
    ),
    st.sampled_from(["cold", "warm", "hot"]).map(lambda band: {"score": "engagement", "band": band}),
    st.tuples(st.sampled_from(["gte", "lt"]), st.integers(1, 5)).map(
        lambda t: {"interest": "pricing", "op": t[0], "value": t[1]}
    ),
    st.tuples(st.integers(1, 3), SPANS).map(
        lambda t: {"interest": "pricing", "op": "gte", "value": t[0], "within": t[1]}
    ),
)
OTHERS = st.one_of(
    st.sampled_from([{"tag": "t"}, {"tag": "u"}, {"any": []}, {"all": []}]),
    st.sampled_from(["granted", "withdrawn", "none"]).map(lambda s: {"consent": "email", "state": s}),
    st.tuples(st.sampled_from([5, 50, 99.5]), st.integers(-2, 3)).map(lambda t: {"random": t[0], "seed": t[1]}),
)
LEAVES = evenly(EVENTS, EVENTS, FIELDS, SCORES, DEALS, ORDERS, ORDERS, TICKETS, TICKETS, TICKETS, OTHERS)


def trees(leaves: st.SearchStrategy[Condition], most: int = 6) -> st.SearchStrategy[Condition]:
    """Random nesting of these."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda c: {"all": c}),
            st.lists(inner, min_size=1, max_size=3).map(lambda c: {"any": c}),
            inner.map(lambda c: {"not": c}),
        ),
        max_leaves=most,
    )


def others(*keys: str) -> st.SearchStrategy[Condition]:
    return st.sampled_from(keys).map(lambda key: {"segment": key})


CONDITIONS = trees(st.one_of(LEAVES, LEAVES, others(*INNER)))
#: What the segments taken in are
FIRST, SECOND = trees(LEAVES, 3), trees(st.one_of(LEAVES, others("s0")), 3)

WHO = st.integers(0, PEOPLE - 1)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 6),  # seconds that pass before
        evenly(
            st.tuples(st.just("event"), WHO, st.sampled_from(KINDS), st.sampled_from(PATHS), st.integers(-4, 3),
                      st.sampled_from([1, 2, 3, 2.5])),
            st.tuples(st.just("event"), WHO, st.sampled_from(KINDS), st.sampled_from(PATHS), st.integers(-4, 3),
                      st.sampled_from([1, 2, 3, 2.5])),
            st.tuples(st.just("seats"), WHO, st.integers(1, 3)),
            st.tuples(st.just("due"), WHO, st.integers(-6, 12)),
            st.tuples(st.just("consent"), WHO, st.sampled_from(["granted", "withdrawn"])),
            st.tuples(st.just("points"), WHO, st.sampled_from([-2, 3, 20, 50])),
            st.tuples(st.just("pick"), WHO, st.sampled_from(["in", "out", ""]), st.sampled_from(["", *INNER])),
            st.tuples(st.just("plan"), WHO, st.sampled_from(["x", "y"])),
            st.tuples(st.just("tag"), WHO, st.sampled_from(["t", "u"])),
            st.tuples(st.just("firm"), WHO, st.integers(-1, FIRMS - 1)),
            st.tuples(st.just("industry"), st.integers(0, FIRMS - 1), st.sampled_from(["", "Food", "Fashion"])),
            *records.steps(WHO),
            st.tuples(st.just("edit"), st.just("s0"), FIRST),
            st.tuples(st.just("edit"), st.just("s1"), SECOND),
            st.tuples(st.just("wait")),
        ),
    ),
    min_size=3,
    max_size=12,
)  # fmt: skip
