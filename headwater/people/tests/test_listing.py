"""Searching in any script, and pages that meet without gap or overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headwater.people import actions, queries, rules
from headwater.people.actions import Identity, Visit
from headwater.people.models import Contact
from headwater.people.queries import Listing

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PEOPLE = [
    ("김지수", "jisoo@seoulretail.example", "서울유통"),
    ("Wei Chen 陈伟", "wei@lanyun.example", "蓝云科技"),
    ("José Müller", "jose@contoso.example", "Contoso Health"),
    ("Li Wu", "li@fabrikam.example", "Fabrikam"),
    ("Amelia Stone", "amelia@northwind.example", "Northwind Retail"),
    ("ユミ 佐藤", "yumi@fabrikam.example", "Fabrikam"),
]


@pytest.fixture
def people() -> dict[str, int]:
    items = [
        Identity(email=email, at=AT + timedelta(minutes=n), fields={"name": name, "company": company})
        for n, (name, email, company) in enumerate(PEOPLE)
    ]
    ids = actions.identify(items)
    return {PEOPLE[n][0]: person for n, person in ids.items()}


@pytest.mark.parametrize(
    "typed, names",
    [
        ("지수", ["김지수"]),
        ("김", ["김지수"]),
        ("김지수", ["김지수"]),
        ("서울", ["김지수"]),
        ("陈伟", ["Wei Chen 陈伟"]),
        ("wei 陈", ["Wei Chen 陈伟"]),
        ("科技", ["Wei Chen 陈伟"]),
        ("佐藤", ["ユミ 佐藤"]),
        ("jose mull", ["José Müller"]),
        ("MÜLLER", ["José Müller"]),
        ("wu", ["Li Wu"]),
        ("li", ["Li Wu"]),
        ("fabrikam", ["ユミ 佐藤", "Li Wu"]),
        ("amelia@north", ["Amelia Stone"]),
        ("ton", ["Amelia Stone"]),
        ("100%", []),
        ("지우", []),
        ("?!", []),
    ],
)
def test_a_person_is_found_by_name_address_and_company_in_any_script(
    people: dict[str, int], typed: str, names: list[str]
) -> None:
    assert [row.name for row in queries.page(Listing(q=typed)).rows] == names
    assert queries.count(Listing(q=typed)) == len(names)


def test_a_telephone_number_is_found_however_it_is_written() -> None:
    actions.create_contact(actor="x", name="A", phone="+82 10 5555 0132")
    for typed in ("010-5555", "5555 0132", "+82105555"):
        assert [row.name for row in queries.page(Listing(q=typed)).rows] == ["A"], typed


def test_pages_meet_in_every_order_and_are_stable_when_people_arrive(people: dict[str, int]) -> None:
    extra = [Identity(email=f"p{n}@x.example", at=AT, fields={"name": f"P {n % 3}"}) for n in range(23)]
    actions.identify(extra)
    actions.see([Visit(n, AT + timedelta(hours=n)) for n in range(9)])
    actions.identify([Identity(email=f"p{n}@x.example", visitor_id=n, at=AT) for n in range(9)])
    everybody = set(Contact.objects.values_list("pk", flat=True))
    for sort in ("created", "name", "seen"):
        for descending in (True, False):
            listing = Listing(sort=sort, descending=descending)
            seen: list[int] = []
            cursor = ""
            while True:
                page = queries.page(listing, cursor, limit=4)
                seen += [row.id for row in page.rows]
                if not page.next:
                    break
                cursor = page.next
            assert len(seen) == len(everybody), (sort, descending)
            assert set(seen) == everybody
            for n, person in enumerate(seen):
                around = (seen[n - 1] if n else None, seen[n + 1] if n + 1 < len(seen) else None)
                assert queries.neighbours(listing, person) == around, (sort, descending, n)
    first = queries.page(Listing(), limit=5)
    actions.create_contact(actor="x", name="New")
    second = queries.page(Listing(), first.next, limit=5)
    assert not {r.id for r in first.rows} & {r.id for r in second.rows}
    assert "New" not in [r.name for r in second.rows]


def test_filters_narrow_the_list_and_bad_values_are_left_out(people: dict[str, int]) -> None:
    actions.add_tags([people["Li Wu"]], ["vip"], actor="x")
    actions.set_stage([people["Li Wu"], people["김지수"]], "mql", reason="test", actor="x")
    names = lambda *f: [r.name for r in queries.page(Listing(filters=f, sort="name")).rows]  # noqa: E731
    assert names(("tag", "vip")) == ["Li Wu"]
    assert names(("stage", "mql")) == ["Li Wu", "김지수"]
    assert names(("stage", "mql"), ("tag", "vip")) == ["Li Wu"]
    assert names(("owner", "none"), ("seen", "30")) == []
    assert len(names(("stage", "nonsense"), ("owner", "x"), ("unknown", "1"))) == 6


def test_a_malformed_cursor_is_refused() -> None:
    for bad in ("nonsense", "eyJhIjoxfQ", "W10"):
        with pytest.raises(ValueError, match="not a cursor"):
            queries.page(Listing(), bad)


def test_the_words_of_a_search() -> None:
    assert rules.parse("김지수 kim") == rules.Query(("김지수", "kim"), ("김지", "지수"))
    assert rules.grams("김지수 kim\nk@x.kr") == ["k", "ki", "kr", "x", "김", "김지", "수", "지", "지수"]
