"""Few people are tested by statements that come up all the time."""

from __future__ import annotations

import uuid
from typing import Any, cast

from headwater.audience.engine import membership
from headwater.audience.engine.book import TOGETHER, Book, Living


def living(number: int, *needs: str, building: bool = False) -> Living:
    return Living(number, f"s{number}", "", 1, cast(Any, None), frozenset(needs), building)


def test_few_people_are_tested_against_whole_blocks_and_many_against_what_is_asked_for() -> None:
    viewed = [living(n, "kind:page.viewed") for n in range(1, TOGETHER + 1)]
    tagged = [living(n, "tags") for n in range(100, 103)]
    rule = living(-1, "tags")
    book = Book(uuid.uuid4(), {}, {}, {}, [], {}, [rule, *tagged, *viewed, living(200, "tags", building=True)])
    assert book.blocks == [viewed, tagged, [rule]]
    few = {viewed[0]: {1, 2}, viewed[7]: {3}, tagged[1]: {2}}
    assert membership._rounds(few, book) == [(viewed, {1, 2, 3}, True), (tagged, {2}, True)]
    many = {viewed[0]: set(range(membership.FEW + 1))}
    assert membership._rounds(many, book) == [([viewed[0]], set(range(membership.FEW + 1)), False)]
    gone = living(300, "tags")  # of an older book
    assert membership._rounds({gone: {1}}, book) == [([gone], {1}, False)]
