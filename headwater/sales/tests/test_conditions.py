"""Conditions on a person's deals: all of them speak of one deal, and follow every change at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from headwater.accounts.models import User
from headwater.audience import actions as audience
from headwater.audience import queries
from headwater.audience.compiler import ConditionError, parse, schema, summary
from headwater.audience.compiler.palette import palette
from headwater.audience.engine import building
from headwater.audience.loops import retest_once
from headwater.core import clock
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.sales import actions
from headwater.sales.models import Order, PipelineStage
from headwater.timeline import dispatch

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def one(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


OPEN = one("status", "eq", "open")
BIG = {
    "deal": [OPEN, one("amount", "gt", 500), one("stage", "eq", "Lead"), one("expected_close", "within_next", "30d")]
}


@pytest.fixture
def ben(db: None) -> Contact:
    return people.create_contact(actor="system", first_name="Ben", email="ben@acme.example")


def deal(person: Contact, amount: int | None = None, close: date | None = None, **more: Any) -> int:
    value = None if amount is None else Decimal(amount)
    return actions.create_deal(
        actor="user:1", name="Plan", person_id=person.pk, amount=value, expected_close=close, **more
    )


@pytest.mark.parametrize(
    "condition,expected",
    [
        ({"deal": []}, [True, True]),
        (BIG, [True, False]),
        ({"not": BIG}, [False, True]),
        ({"deal": [OPEN], "count": {"op": "gte", "value": 2}}, [False, True]),
        ({"deal": [one("amount", "gt", 500), one("expected_close", "empty")]}, [False, True]),
        ({"deal": [one("amount", "gt", 500), one("expected_close", "not_empty")]}, [True, False]),
        ({"deal": [one("amount", "between", [1, 400])]}, [False, True]),
        ({"deal": [one("amount", "empty")]}, [False, False]),
        ({"deal": [one("stage", "in", ["lead", "won"]), one("pipeline", "eq", "Sales")]}, [True, True]),
        ({"deal": [one("created_at", "within", "1d")], "count": {"op": "eq", "value": 1}}, [True, False]),
        ({"deal": [one("status", "eq", "won")]}, [False, False]),
        ({"deal": [one("owner", "empty"), one("currency", "eq", "EUR")]}, [True, True]),
        ({"deal": [], "count": {"op": "lt", "value": 1}}, [False, False]),
    ],
)
def test_the_conditions_of_the_list_speak_of_the_same_deal(
    ana: Contact, ben: Contact, condition: Any, expected: list[bool]
) -> None:
    with clock.freeze(NOW):
        deal(ana, 900, date(2026, 12, 1), currency="EUR")
        deal(ben, 900, currency="EUR")  # one is big,
        deal(ben, 300, date(2026, 12, 1), currency="EUR")  # the other closes soon
        found = queries.matching(condition, [ana.pk, ben.pk])
        assert queries.preview(condition)[1] == sorted(found, reverse=True)
    assert [ana.pk in found, ben.pk in found] == expected


def test_a_segment_follows_every_change_of_a_deal(ana: Contact, ben: Contact, rafael: User) -> None:
    with clock.freeze(NOW):
        s = audience.create_segment(name="Big", definition=BIG, actor="test").pk
        building.run_all()
        dispatch.run_once("audience")

    def members(second: int = 0) -> set[int]:
        with clock.freeze(NOW + timedelta(seconds=second)):
            while dispatch.run_once("audience") + retest_once():
                pass
            found = queries.are_members(s, [ana.pk, ben.pk])
            assert queries.matching(BIG, [ana.pk, ben.pk]) == found
            return found

    with clock.freeze(NOW):
        pk = deal(ana, 900, date(2026, 12, 1))
        assert members() == {ana.pk}
        actions.update_deal(pk, actor="user:1", amount=Decimal(400))
        assert members() == set()
        actions.update_deal(pk, actor="user:1", amount=Decimal(600), contact_id=ben.pk)
        assert members() == {ben.pk}
        stage = PipelineStage.objects.get(name="Proposal")
        actions.move_deal(pk, stage.pk, version=None, actor="user:1")
        assert members() == set()
        actions.delete_deal(pk, actor="user:1")
        soon = deal(ben, 900, date(2026, 12, 21))  # 30 days ahead from the 21st, midnight
        assert members(43_199) == set()
    assert members(43_200) == {ben.pk}
    with clock.freeze(NOW + timedelta(days=2)):
        actions.lose_deal(soon, "price", actor="user:1")
    assert members(2 * 86_400) == set()


def test_a_condition_on_deals_explains_itself(ana: Contact) -> None:
    with clock.freeze(NOW):
        deal(ana, 900, date(2026, 12, 1), currency="EUR")
        s = audience.create_segment(name="Big", definition=BIG, actor="test")
        building.run_all()
        s.refresh_from_db()
        answer = queries.explain_membership(s, ana.pk)
    assert answer is not None
    assert (answer.holds, answer.verdict.evidence) == (True, [{"text": "Plan · Lead · 900.00 EUR"}])
    assert answer.turns == datetime(2026, 12, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert summary(parse(BIG)) == (
        "has a deal (Status is “Open” and Amount is more than 500 and Stage is “Lead” "
        "and Expected close is in the next 30 days)"
    )


def test_a_mistake_in_a_condition_on_deals_is_told_at_its_place() -> None:
    with pytest.raises(ConditionError) as caught:
        parse({"deal": [one("colour", "eq", "red"), one("amount", "contains", "5"), one("owner", "eq", "me"), 5]})
    assert [p.path for p in caught.value.problems] == [
        "$.deal[0].field",
        "$.deal[1].op",
        "$.deal[2].value",
        "$.deal[3]",
    ]


@pytest.mark.django_db
def test_the_schema_and_the_palette_know_deals() -> None:
    actions.ensure_pipeline()
    titles = {one.get("title"): one for one in schema()["$defs"]["condition"]["oneOf"]}
    assert list(titles["deal"]["properties"]) == ["deal", "count", "sum", "avg", "min", "max"]
    (deal_leaf,) = [one for one in palette()["leaves"] if one["type"] == "deal"]
    fields = {f["name"]: f for f in deal_leaf["fields"]}
    assert fields["status"]["choices"] == [["open", "Open"], ["won", "Won"], ["lost", "Lost"]]
    assert ["Lead", "Lead"] in fields["stage"]["choices"]


def bought(key: str, person: Contact, days: int, price: int, *skus: str, status: str = "paid", **more: Any) -> None:
    lines = [actions.NewLine(f"Product {sku}", sku, Decimal(2), Decimal(price) / 2 / len(skus)) for sku in skus]
    said = actions.NewOrder(
        "Shop", key, person_id=person.pk, lines=lines, status=status, placed_at=NOW - timedelta(days=days), **more
    )
    assert actions.place_orders([said], actor="api:1")[0].outcome == "created"


PAID = one("status", "eq", "paid")


@pytest.mark.parametrize(
    "condition,expected",
    [
        ({"order": []}, [True, True]),
        ({"order": [PAID, one("total", "gt", 100)]}, [True, False]),
        ({"order": [PAID], "count": {"op": "gte", "value": 2}}, [False, True]),
        ({"order": [one("placed_at", "within", "30d")]}, [False, True]),
        ({"order": [one("sku", "eq", "a")]}, [True, True]),
        ({"order": [one("sku", "eq", "A"), one("sku", "eq", "B")]}, [True, False]),
        ({"order": [one("sku", "ne", "B")]}, [True, True]),
        ({"not": {"order": [one("sku", "eq", "B")]}}, [False, True]),
        ({"order": [one("sku", "not_in", ["A", "B"])]}, [True, False]),
        ({"order": [one("product", "contains", "product c"), one("quantity", "gte", 2)]}, [True, False]),
        ({"order": [one("sku", "empty")]}, [False, False]),
        ({"order": [one("sku", "not_empty"), one("coupon", "eq", "x")]}, [False, True]),
        ({"order": [one("source", "eq", "shop"), one("currency", "eq", "USD")]}, [True, True]),
        ({"order": [one("paid_at", "older_than", "60d"), one("number", "starts_with", "1")]}, [True, False]),
        ({"order": [one("status", "eq", "cancelled")]}, [False, True]),
    ],
)
def test_the_conditions_of_the_list_speak_of_the_same_order(
    ana: Contact, ben: Contact, condition: Any, expected: list[bool]
) -> None:
    with clock.freeze(NOW):
        bought("1", ana, 100, 400, "A", "B")
        bought("2", ana, 99, 50, "C", status="pending")
        bought("3", ben, 40, 60, "A")
        bought("4", ben, 20, 70, "A", coupon="X")
        bought("5", ben, 10, 900, "A", status="cancelled")
        found = queries.matching(condition, [ana.pk, ben.pk])
        assert queries.preview(condition)[1] == sorted(found, reverse=True)
    assert [ana.pk in found, ben.pk in found] == expected


LAST_90 = [PAID, one("placed_at", "within", "90d")]


def total(op: str, value: Any, name: str = "sum", field: str = "total") -> dict[str, Any]:
    return {name: {"field": field, "op": op, "value": value}}


@pytest.mark.parametrize(
    "condition,expected",
    [
        ({"order": LAST_90, **total("gte", 130)}, [False, True]),
        ({"order": LAST_90, **total("gt", 130)}, [False, False]),
        ({"order": LAST_90, **total("between", [100, 130])}, [False, True]),
        ({"order": LAST_90, **total("lt", 1000)}, [False, True]),
        ({"order": LAST_90, "count": {"op": "gte", "value": 0}, **total("lt", 1000)}, [False, True]),
        ({"not": {"order": LAST_90, **total("gte", 130)}}, [True, False]),
        ({"order": [PAID], **total("eq", 400)}, [True, False]),
        ({"order": [], **total("lte", 70, "min"), **total("gt", 400, "max")}, [False, True]),
        ({"order": [], **total("eq", 225, "avg")}, [True, False]),
        ({"order": [one("sku", "eq", "A")], "count": {"op": "eq", "value": 3}, **total("gte", 6, "sum", "quantity")},
         [False, True]),
    ],
)  # fmt: skip
def test_what_orders_come_to_together_is_asked(
    ana: Contact, ben: Contact, condition: Any, expected: list[bool]
) -> None:
    with clock.freeze(NOW):
        bought("1", ana, 100, 400, "A")
        bought("2", ana, 9, 50, "C", status="pending")
        bought("3", ben, 40, 60, "A")
        bought("4", ben, 20, 70, "A")
        bought("5", ben, 10, 900, "A", status="cancelled")
        found = queries.matching(condition, [ana.pk, ben.pk])
        assert queries.preview(condition)[1] == sorted(found, reverse=True)
        s = audience.create_segment(name="S", definition=condition, actor="test")
        building.run_all()
        assert queries.are_members(s.pk, [ana.pk, ben.pk]) == found
    assert [ana.pk in found, ben.pk in found] == expected


def test_a_sum_follows_every_order_and_every_window_and_explains_itself(ana: Contact) -> None:
    rich = {"order": [one("placed_at", "within", "30d")], **total("gte", 100)}
    with clock.freeze(NOW):
        bought("1", ana, 20, 70, "A")
        s = audience.create_segment(name="Rich", definition=rich, actor="test")
        building.run_all()
        dispatch.run_once("audience")

    def is_in(days: float) -> bool:
        with clock.freeze(NOW + timedelta(days=days)):
            while dispatch.run_once("audience") + retest_once():
                pass
            found = queries.are_members(s.pk, [ana.pk])
            assert queries.matching(rich, [ana.pk]) == found
            return bool(found)

    assert not is_in(0)
    with clock.freeze(NOW + timedelta(days=1)):
        bought("2", ana, -1, 40, "A")
        assert is_in(1)
        s.refresh_from_db()
        answer = queries.explain_membership(s, ana.pk)
    assert answer is not None
    assert answer.verdict.evidence[-1] == {"text": "the sum of Total: 110"}
    assert answer.turns == NOW + timedelta(days=10)
    assert is_in(9.999)
    assert not is_in(10)
    assert summary(parse(rich)) == "has an order (Placed on was in the last 30 days), the sum of Total is at least 100"


def test_a_mistake_in_a_sum_is_told_at_its_place() -> None:
    with pytest.raises(ConditionError) as caught:
        parse(
            {"order": [], **total("gte", "x"), **total("gte", 1, "avg", "status"), **total("odd", 1, "min"), "max": 5}
        )
    assert [p.path for p in caught.value.problems] == ["$.sum.value", "$.avg.field", "$.min.op", "$.max"]


def test_deals_are_added_up_too(ana: Contact, ben: Contact) -> None:
    with clock.freeze(NOW):
        deal(ana, 900)
        deal(ana, 300)
        deal(ana)  # nobody knows its amount
        deal(ben, 900)
        asked = {"deal": [OPEN], "sum": {"field": "amount", "op": "gt", "value": 1000}}
        assert queries.matching(asked, [ana.pk, ben.pk]) == {ana.pk}
    assert summary(parse(asked)) == "has a deal (Status is “Open”), the sum of Amount is more than 1000"


def test_a_segment_follows_every_change_of_an_order(ana: Contact, ben: Contact) -> None:
    large = {"order": [PAID, one("total", "gte", 100), one("paid_at", "within", "30d")]}
    with clock.freeze(NOW):
        s = audience.create_segment(name="Large", definition=large, actor="test").pk
        building.run_all()
        dispatch.run_once("audience")

    def members(second: int = 0) -> set[int]:
        with clock.freeze(NOW + timedelta(seconds=second)):
            while dispatch.run_once("audience") + retest_once():
                pass
            found = queries.are_members(s, [ana.pk, ben.pk])
            assert queries.matching(large, [ana.pk, ben.pk]) == found
            return found

    with clock.freeze(NOW):
        bought("1", ana, 1, 120, "A", status="pending")
        assert members() == set()
        pk = Order.objects.get().pk
        actions.mark_paid(pk, actor="user:1")
        assert members() == {ana.pk}
        actions.update_order(pk, actor="user:1", contact_id=ben.pk)
        assert members() == {ben.pk}
        actions.update_order(pk, actor="user:1", discount=Decimal(30))
        assert members() == set()
        actions.update_order(pk, actor="user:1", discount=Decimal(0))
        assert members() == {ben.pk}
        actions.refund(pk, actor="user:1")
        assert members() == set()
        actions.delete_order(pk, actor="user:1")
        bought("2", ben, 0, 500, "A")
    assert members(30 * 86_400 - 1) == {ben.pk}
    assert members(30 * 86_400) == set()


def test_sums_say_where_they_mix_currencies(db: None) -> None:
    def place(key: str, total: int, currency: str) -> None:
        order = actions.NewOrder("Shop", key, person_id=ana, total=Decimal(total), currency=currency)
        actions.place_orders([order], actor="user:1")

    ana = people.create_contact(actor="user:1", email="ana@x.example").pk
    asked = {"order": [], "sum": {"field": "total", "op": "gte", "value": 1000}}
    place("1", 600, "EUR")
    assert len(parse(asked).evidence(ana)) == 2
    place("2", 500, "JPY")
    said = parse(asked).evidence(ana)[-1]["text"]
    assert said == "Amounts in EUR, JPY are taken as they stand, without conversion."


@pytest.mark.parametrize("value", ["late", 3, None, [True]])
def test_a_yes_or_no_is_nothing_else(value: object) -> None:
    with pytest.raises(ConditionError, match="true or false"):
        parse({"ticket": [{"field": "overdue", "op": "eq", "value": value}]})
