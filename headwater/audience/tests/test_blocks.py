"""People are tested against whole blocks of segments, by statements that come up all the time."""

from __future__ import annotations

import uuid
from typing import Any, cast

from headwater.audience.engine import membership
from headwater.audience.engine.book import TOGETHER, Book, Living


def living(number: int, *needs: str, building: bool = False) -> Living:
    return Living(number, f"s{number}", "", 1, cast(Any, None), frozenset(needs), building)


def test_people_are_tested_by_the_statement_of_a_block_and_what_no_block_has_by_one_of_its_own() -> None:
    viewed = [living(n, "kind:page.viewed") for n in range(1, TOGETHER + 1)]
    tagged = [living(n, "tags") for n in range(100, 103)]
    rule = living(-1, "tags")
    book = Book(uuid.uuid4(), {}, {}, {}, [], {}, [rule, *tagged, *viewed, living(200, "tags", building=True)])
    assert book.blocks == [[*tagged, *viewed[:-3]], viewed[-3:], [rule]]
    wanted = {viewed[0]: {1, 2}, viewed[7]: {3}, tagged[1]: {2}}
    assert membership._rounds(wanted, book) == [(book.blocks[0], True)]
    gone = living(300, "tags")  # of an older book
    assert membership._rounds({gone: {1}}, book) == [([gone], False)]
    assert membership._rounds(wanted, None) == [([viewed[0], viewed[7], tagged[1]], False)]
