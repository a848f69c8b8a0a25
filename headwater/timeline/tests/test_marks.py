"""Beside each fact stands what it is mostly asked by, as `marks.py` says."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection

from headwater.timeline.actions import Custom, record
from headwater.timeline.marks import DIGITS, FAMILIES, LENGTH, property_of, tells

pytestmark = pytest.mark.django_db
PEOPLE = count(7_000_000)


def beside(kind: str, data: dict[str, Any]) -> tuple[str | None, Decimal | None]:
    person = next(PEOPLE)
    record(person, Custom(kind, data))
    with connection.cursor() as cursor:
        cursor.execute("SELECT mark, amount FROM timeline_fact WHERE person_id = %s", [person])
        (found,) = cursor.fetchall()
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mark_is_the_property_that_the_family_is_told_apart_by(family: str) -> None:
    data = {name: f"this is {name}" for name in FAMILIES.values()}
    assert beside(f"{family}.happened", data) == (f"this is {FAMILIES[family]}", None)
    assert property_of(f"{family}.happened") == FAMILIES[family]


def test_other_kinds_have_no_mark() -> None:
    assert beside("pages.viewed", {"path": "/", "template": 7, "amount": "12"}) == (None, None)
    assert property_of("pages.viewed") is None


def test_a_mark_is_text_whatever_the_property_is() -> None:
    assert beside("mail.opened", {"template": 7})[0] == "7"
    assert beside("mail.opened", {"template": None})[0] is None
    assert beside("mail.opened", {})[0] is None


def test_a_long_mark_is_cut_and_an_entry_of_the_index_never_grows_too_large() -> None:
    assert beside("page.viewed", {"path": "/가" * 3000, "amount": 10**DIGITS}) == ("/가" * (LENGTH // 2), None)
    assert (tells("x" * (LENGTH - 1)), tells("x" * LENGTH)) == (True, False)


def test_money_is_kept_exactly() -> None:
    assert beside("deal.won", {"amount": 0.1})[1] == Decimal("0.1")
    assert beside("deal.won", {"amount": 10**40 + 1})[1] == Decimal(10**40 + 1)
    assert beside("deal.won", {"amount": 1e300})[1] == Decimal(10**300)
    assert beside("deal.won", {"amount": {"value": 1}})[1] is None
