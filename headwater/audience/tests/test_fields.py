"""Every operator on every type of field, standard and custom, of contact and company."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headwater.audience import actions, queries
from headwater.audience.compiler import ConditionError, parse, summary
from headwater.audience.compiler.palette import palette
from headwater.audience.engine import building
from headwater.audience.loops import retest_once
from headwater.core import clock
from headwater.people.facts import CompanyUpdated, ContactUpdated
from headwater.people.models import Company
from headwater.timeline import dispatch
from headwater.timeline.actions import record

from .helpers import NOW, happened, person

pytestmark = pytest.mark.django_db

FIRST = {
    "seats": 12, "price": "99.50", "ends": "2026-11-25", "called": "2026-11-20T11:30:00Z", "beta": True,
    "likes": ["tea", "jazz"], "site": "https://shop.example/en", "mail": "A@Shop.example", "agent": 7, "plan": "trial",
}  # fmt: skip
SECOND = {
    "seats": "5", "price": 5, "ends": "2026-02-31", "called": "2026-11-01T09:00:00+02:00", "beta": False,
    "likes": "tea", "site": "http://other.example", "mail": "", "agent": "8", "plan": "pro",
}  # fmt: skip


def asked(condition: Any, *people: int) -> list[bool]:
    """The same from a batch of people and from the whole base."""
    with clock.freeze(NOW):
        found = queries.matching(condition, people)
        assert queries.preview(condition, sample=100)[1] == sorted(found, reverse=True)
    return [p in found for p in people]


def custom(name: str, op: str, value: Any = None, as_type: str = "", **more: Any) -> dict[str, Any]:
    return {"field": f"contact.custom.{name}", "op": op, "value": value, **({"as": as_type} if as_type else {}), **more}


@pytest.mark.parametrize(
    "condition,expected",
    [
        (custom("seats", "eq", 5, "number"), [False, True, False]),
        (custom("seats", "in", [5, 12], "number"), [True, True, False]),
        (custom("seats", "lt", 6), [False, True, False]),
        (custom("price", "eq", 99.5, "money"), [True, False, False]),
        (custom("price", "between", [1, 10]), [False, True, False]),
        (custom("price", "not_empty"), [True, True, False]),
        (custom("ends", "within_next", "7d", "date"), [True, False, False]),
        (custom("ends", "between", ["2026-11-01", "2026-11-25"], "date"), [True, False, False]),
        (custom("ends", "eq", "2026-11-25", "date"), [True, False, False]),
        (custom("ends", "ne", "2026-11-25", "date"), [False, True, True]),
        (custom("ends", "anniversary", "5d"), [True, False, False]),
        (custom("called", "within", "1h"), [True, False, False]),
        (custom("called", "older_than", "2h"), [False, True, False]),
        (custom("called", "before", "2026-11-01T07:00:01Z", "datetime"), [False, True, False]),
        (custom("called", "between", ["2026-11-01", "2026-11-01"]), [False, True, False]),
        (custom("beta", "eq", True, "boolean"), [True, False, False]),
        (custom("beta", "ne", True, "boolean"), [False, True, True]),
        (custom("likes", "has", "tea"), [True, True, False]),
        (custom("likes", "has_not", "jazz"), [False, True, True]),
        (custom("likes", "has_any", ["jazz", "rock"]), [True, False, False]),
        (custom("likes", "has_all", ["jazz", "tea"]), [True, False, False]),
        (custom("likes", "empty", as_type="choices"), [False, False, True]),
        (custom("site", "matches", r"^https://.*\.example/(en|de)$", "url"), [True, False, False]),
        (custom("site", "not_matches", "^https", "url"), [False, True, True]),
        (custom("site", "ends_with", ".example", "url"), [False, True, False]),
        (custom("site", "not_ends_with", ".example", "url"), [True, False, True]),
        (custom("mail", "eq", "a@shop.EXAMPLE", "email"), [True, False, False]),
        (custom("mail", "empty", as_type="email"), [False, True, True]),
        (custom("agent", "in", [8, 9], "user"), [False, True, False]),
        (custom("plan", "in", ["trial", "free"], "choice"), [True, False, False]),
        ({"field": "company.rank", "op": "gte", "value": 3}, [True, False, False]),
        ({"field": "company.rank", "op": "empty"}, [False, True, True]),
        ({"field": "company.roles", "op": "has_any", "value": ["vendor", "partner"]}, [True, False, False]),
        ({"field": "company.country", "op": "eq", "value": "kr"}, [True, False, False]),
        ({"field": "contact.created_at", "op": "between", "value": ["2026-11-20", "2026-11-20"]}, [True, False, False]),
    ],
)  # fmt: skip
def test_a_field_is_compared_as_what_it_is(condition: Any, expected: list[bool]) -> None:
    company = Company.objects.create(name="Shop", country="KR", roles=["customer", "partner"], custom={"rank": 3})
    a = person(custom=FIRST, company=company, created_at=NOW - timedelta(hours=1))
    b, c = person(custom=SECOND, created_at=NOW - timedelta(days=30)), person()
    assert asked(condition, a, b, c) == expected


@pytest.mark.parametrize(
    "today,inside",
    [("2027-02-24", False), ("2027-02-25", True), ("2027-02-28", True), ("2027-03-01", False),
     ("2028-02-25", False), ("2028-02-26", True), ("2028-02-29", True), ("2028-03-01", False)],
)  # fmt: skip
def test_a_birthday_on_29_february_is_on_the_28th_where_there_is_no_29th(today: str, inside: bool) -> None:
    a = person(birthday="1992-02-29")
    with clock.freeze(datetime.fromisoformat(today).replace(hour=12, tzinfo=UTC)):
        found = queries.matching({"field": "contact.birthday", "op": "anniversary", "value": "3d"}, [a])
    assert (a in found) is inside


@pytest.mark.parametrize(
    "pattern,message",
    [
        ("(", "is not a regular expression"),
        (r"(a)\1", "must not refer back, look around or switch modes"),
        ("(?=x)", "must not refer back, look around or switch modes"),
        ("***=x", "must not refer back, look around or switch modes"),
        ("a{1,999}", "must not repeat anything more than 50 times"),
        ("(((a{1,9}){1,9}){1,9}){1,9}", "must not count repetitions more than three times"),
        ("x" * 201, "must be at most 200 characters"),
        ("", "must be a regular expression"),
    ],
)
def test_a_regular_expression_that_could_hurt_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse({"field": "contact.name", "op": "matches", "value": pattern})
    assert [p.path for p in caught.value.problems] == ["$.value"]
    assert caught.value.problems[0].message.startswith(message)


@pytest.mark.parametrize(
    "condition,path",
    [
        ({"field": "contact.country", "as": "number", "op": "eq", "value": 1}, "$.as"),
        ({"field": "contact.plan", "as": "colour", "op": "eq", "value": "x"}, "$.as"),
        ({"field": "contact.plan", "as": "number", "op": "contains", "value": "x"}, "$.op"),
        ({"field": "contact.birthday", "op": "between", "value": ["2026-02-01", "2026-01-01"]}, "$.value"),
        ({"field": "contact.birthday", "op": "eq", "value": "9999-12-31"}, "$.value"),
        ({"field": "contact.birthday", "op": "held_for", "value": "7d", "equals": "blue"}, "$.equals"),
        ({"event": "a.done", "sum": {"prop": "n", "value": "many"}}, "$.sum.value"),
        ({"event": "a.done", "within": "5d", "between": ["2026-01-01", "2026-01-02"]}, "$.between"),
    ],
)
def test_a_mistake_is_told_at_its_place(condition: Any, path: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(condition)
    assert [p.path for p in caught.value.problems] == [path]


def test_a_company_field_is_held_since_the_company_or_the_persons_company_changed() -> None:
    company = Company.objects.create(name="Shop", industry="Retail")
    stays, moved, changed = (person(company=company) for _ in range(3))
    with clock.freeze(NOW - timedelta(days=3)):
        record(moved, ContactUpdated(changes={"company_id": [None, company.pk]}))
        record(changed, CompanyUpdated(company=company.pk, changes={"industry": ["Food", "Retail"]}))
        record(stays, CompanyUpdated(company=company.pk, changes={"city": ["", "Seoul"]}))
    held = {"field": "company.industry", "op": "held_for", "equals": "Retail"}
    assert asked({**held, "value": "7d"}, stays, moved, changed) == [True, False, False]
    assert asked({**held, "value": "2d"}, stays, moved, changed) == [True, True, True]


def test_the_palette_offers_the_custom_fields_in_use_with_what_they_look_like() -> None:
    person(custom=FIRST)
    Company.objects.create(name="Shop", custom={"rank": 3})
    offered = {f["name"]: f["type"] for f in palette()["fields"] if f.get("custom")}
    assert offered == {
        "contact.custom.agent": "number", "contact.custom.beta": "boolean", "contact.custom.called": "date",
        "contact.custom.ends": "date", "contact.custom.likes": "choices", "contact.custom.mail": "text",
        "contact.custom.plan": "text", "contact.custom.price": "text", "contact.custom.seats": "number",
        "contact.custom.site": "text", "company.custom.rank": "number",
    }  # fmt: skip


BUY = {"event": "shop.bought"}


@pytest.mark.parametrize(
    "condition,expected",
    [
        ({**BUY, "sum": {"prop": "amount", "value": 60}}, [True, False, False]),
        ({**BUY, "sum": {"prop": "amount", "value": 60}, "within": "10d"}, [False, False, False]),
        ({**BUY, "max": {"prop": "amount", "op": "gte", "value": 40}}, [True, False, False]),
        ({**BUY, "min": {"prop": "amount", "op": "lt", "value": 20}}, [False, True, False]),
        ({**BUY, "avg": {"prop": "amount", "op": "eq", "value": 35}}, [True, False, False]),
        ({**BUY, "between": ["2026-10-31", "2026-10-31"]}, [True, False, False]),
        ({**BUY, "between": ["2026-11-01", "2026-11-30"], "count": {"op": "eq", "value": 1}}, [True, True, False]),
        ({"not": {**BUY, "sum": {"prop": "amount", "value": 60}}}, [False, True, True]),
        ({**BUY, "between": ["2026-10-01", "2026-11-30"], "first": {"op": "before", "value": "2026-11-01"}},
         [True, False, False]),
    ],
)  # fmt: skip
def test_amounts_of_the_same_events_are_added_up(condition: Any, expected: list[bool]) -> None:
    a, b, c = person(), person(), person()
    happened(a, "shop.bought", NOW - timedelta(days=20), amount=40)
    happened(a, "shop.bought", NOW - timedelta(days=2), amount=30)
    happened(b, "shop.bought", NOW - timedelta(days=2), amount=10)
    happened(c, "shop.bought", NOW + timedelta(days=1), amount=500)
    assert asked(condition, a, b, c) == expected


def test_a_sum_falls_when_its_oldest_part_leaves_the_window() -> None:
    with clock.freeze(NOW):
        s = actions.create_segment(
            name="Big", definition={**BUY, "sum": {"prop": "amount", "value": 60}, "within": "10s"}, actor="test"
        )
        building.run_all()
        a = person()
        happened(a, "shop.bought", NOW - timedelta(seconds=4), amount=40)
        happened(a, "shop.bought", NOW, amount=30)
        dispatch.run_once("audience")
        assert queries.are_members(s.pk, [a]) == {a}
    for second, inside in ((5, {a}), (6, set())):
        with clock.freeze(NOW + timedelta(seconds=second)):
            retest_once()
            assert queries.are_members(s.pk, [a]) == inside


def test_new_conditions_say_themselves_in_words() -> None:
    assert summary(parse({**BUY, "sum": {"prop": "amount", "value": 60}, "between": ["2026-01-01", "2026-01-31"]})) == (
        "shop bought at least once from 2026-01-01 to 2026-01-31, the sum of amount is at least 60"
    )
    assert summary(parse(custom("likes", "has_any", ["tea", "jazz"]))) == "likes has one of “tea”, “jazz”"
