"""Conditions that the mark beside a fact answers say the same as those that read its JSON."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.audience import queries
from headwater.audience.rules import where_test
from headwater.core import clock

from .helpers import NOW, happened, person

pytestmark = pytest.mark.django_db
LONG = "/" + "a" * 250
VALUES = ("/pricing", "/Pricing", "/pricing/more", LONG, LONG + "b", LONG[:200], LONG[:199], "", None, 7, True, 0.5)
ASKED = ("/pricing", "/p", "7", "true", "0.5", LONG, LONG + "b", LONG[:200], LONG[:199], LONG[:150])


def met(kind: str, condition: dict[str, Any], people: list[int]) -> list[bool]:
    with clock.freeze(NOW):
        found = queries.matching({"event": kind, "where": [condition]}, people)
    return [one in found for one in people]


@pytest.mark.parametrize("kind,prop", [("page.viewed", "path"), ("mail.opened", "template"), ("shop.bought", "path")])
def test_every_operator_agrees_with_the_plain_one(kind: str, prop: str) -> None:
    people = []
    for n, value in enumerate(VALUES):
        people.append(person(email=f"p{n}@example.com"))
        happened(people[-1], kind, **{prop: value})
    asked: list[dict[str, Any]] = [{"op": op} for op in ("empty", "not_empty")]
    for op in ("eq", "ne", "starts_with", "ends_with", "contains", "not_contains"):
        asked += [{"op": op, "value": value} for value in ASKED]
    asked += [{"op": op, "value": list(some)} for op in ("in", "not_in") for some in (ASKED[:3], ASKED[4:6], ASKED[6:])]
    for one in asked:
        condition = {"prop": prop, **one}
        assert met(kind, condition, people) == [where_test([condition])({prop: v}) for v in VALUES], condition


def test_money_is_compared_as_a_number_and_summed() -> None:
    amounts = (10, 9.5, "10", None, True, 1e300)
    people = [person(email=f"m{n}@example.com") for n in range(len(amounts))]
    for one, amount in zip(people, amounts, strict=True):
        happened(one, "shop.bought", amount=amount)
        happened(one, "shop.bought", amount=2)
    condition = {"prop": "amount", "op": "gte", "value": 9.5}
    assert met("shop.bought", condition, people) == [True, True, False, False, False, True]
    assert met("shop.bought", {"prop": "amount", "op": "eq", "value": 10}, people) == [
        True, False, True, False, False, False,
    ]  # fmt: skip
    with clock.freeze(NOW):
        sums = {"event": "shop.bought", "sum": {"prop": "amount", "op": "eq", "value": 11.5}}
        assert queries.matching(sums, people) == {people[1]}
        least = {"event": "shop.bought", "min": {"prop": "amount", "op": "lt", "value": 3}}
        assert queries.matching(least, people) == set(people)
