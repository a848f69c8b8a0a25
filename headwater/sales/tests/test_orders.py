"""Orders: placed once, paid, delivered, taken back; what their people become, and what the timeline says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headwater.core import clock
from headwater.people import actions as people
from headwater.people.models import Company, Contact
from headwater.sales import actions
from headwater.sales.actions import NewLine, NewOrder, OrderSeed, Placed
from headwater.sales.models import Order, OrderLine
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LAMP = NewLine("Blue lamp", "L-1", Decimal(2), Decimal("49.90"))
BULB = NewLine("Bulb", "B-7", Decimal("10"), Decimal("1.50"), discount=Decimal(3))


def place(*items: NewOrder) -> list[Placed]:
    return actions.place_orders(items, actor="api:1")


def shop(key: str = "41", **more: Any) -> NewOrder:
    return NewOrder(**{"source": "Shop", "key": key, "lines": [LAMP, BULB], "currency": "EUR", **more})


def facts(person_id: int) -> list[tuple[str, dict[str, Any]]]:
    """In the order in which they were recorded."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, data::text FROM timeline_fact WHERE person_id = %s AND kind LIKE 'order.%%' ORDER BY seq",
            [person_id],
        )
        return [(kind, json.loads(data)) for kind, data in cursor.fetchall()]


def kinds(person_id: int) -> list[str]:
    return [kind for kind, _ in facts(person_id)]


def one() -> Order:
    return Order.objects.get()


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with clock.freeze(NOW):
        yield


def test_an_order_of_a_shop_makes_its_contact_its_lines_and_its_sum() -> None:
    (placed,) = place(shop(email="Mia@Lund.example", person={"first_name": "Mia"}, shipping=Decimal(5), tax=Decimal(2)))
    order = one()
    assert placed == Placed(order.pk, "created")
    assert order.contact is not None
    assert (order.contact.email, order.contact.first_name) == ("mia@lund.example", "Mia")
    assert order.company == order.contact.company
    assert [(x.place, x.sku, x.total) for x in order.lines.all()] == [
        (0, "L-1", Decimal("99.80")),
        (1, "B-7", Decimal(12)),
    ]
    assert (order.total, order.quantity, order.status, order.number) == (Decimal("118.80"), 12, "pending", "41")
    assert facts(order.contact.pk) == [
        (
            "order.placed",
            {"order": order.pk, "number": "41", "total": 118.8, "currency": "EUR", "skus": ["L-1", "B-7"],
             "source": "Shop"},
        )
    ]  # fmt: skip


def test_the_same_call_again_changes_and_records_nothing() -> None:
    said = shop(email="mia@lund.example", status="paid")
    place(said)
    before = Order.objects.values().get()
    assert place(said, said) == [Placed(one().pk, "unchanged")] * 2
    assert Order.objects.values().get() == before
    assert kinds(one().contact_id or 0) == ["order.placed", "order.paid"]
    assert OrderLine.objects.count() == 2


def test_an_order_twice_in_one_call_is_one_order() -> None:
    said = [shop(email="mia@lund.example"), shop(status="paid"), shop("42"), NewOrder(number="7"), NewOrder()]
    assert [p.outcome for p in place(*said)] == ["created", "updated", "created", "created", "created"]
    assert Order.objects.count() == 4
    assert kinds(Order.objects.get(key="41").contact_id or 0) == ["order.placed", "order.paid"]
    assert Order.objects.order_by("pk").values_list("number", flat=True)[2] == "7"


def test_a_later_call_tells_what_is_new_and_a_late_one_takes_nothing_back() -> None:
    place(shop(email="mia@lund.example", placed_at=NOW - timedelta(days=1)))
    place(shop(status="fulfilled", paid_at=NOW - timedelta(hours=3), lines=[LAMP], coupon="WELCOME"))
    order = one()
    assert (order.status, order.paid_at, order.fulfilled_at) == ("fulfilled", NOW - timedelta(hours=3), NOW)
    assert (order.total, order.version) == (Decimal("99.80"), 2)
    told = facts(order.contact_id or 0)
    assert [kind for kind, _ in told] == ["order.placed", "order.paid", "order.fulfilled", "order.updated"]
    assert told[-1][1]["changes"] == {
        "total": ["111.80", "99.80"], "coupon": ["", "WELCOME"], "lines": ["", "1"],
    }  # fmt: skip
    assert place(shop(status="pending", lines=None)) == [Placed(order.pk, "unchanged")]
    assert one().status == "fulfilled"


def test_orders_of_the_past_stand_at_their_own_time() -> None:
    year = NOW - timedelta(days=365)
    place(shop(email="mia@lund.example", placed_at=year, status="paid"))
    rows = [e for e in timeline.read(one().contact_id or 0, limit=20) if e.kind.startswith("order.")]
    assert [(e.kind, e.at) for e in rows] == [
        ("order.paid", year + timedelta(microseconds=1)),
        ("order.placed", year),
    ]


@pytest.mark.parametrize(
    "said",
    [
        {"lines": [NewLine()]},
        {"lines": [NewLine("X", quantity=Decimal(0))]},
        {"lines": [NewLine("X", quantity=Decimal("0.0001"))]},
        {"lines": [NewLine("X", unit_price=Decimal(-1))]},
        {"lines": [NewLine("X", unit_price=Decimal(1), discount=Decimal(2))]},
        {"lines": [NewLine("X", unit_price=Decimal("NaN"))]},
        {"total": Decimal("1e30")},
        {"total": Decimal(10), "refunded": Decimal(11)},
        {"discount": Decimal(1000)},
        {"currency": "XXX"},
        {"status": "lost"},
        {"placed_at": NOW + timedelta(hours=1)},
        {"placed_at": datetime(1, 1, 1, tzinfo=UTC)},
        {"key": " "},
        {"number": "9" * 61},
        {"email": "no address"},
        {"person_id": 999_999},
        {"company_id": 999_999},
        {"deal_id": 999_999},
    ],
)
def test_what_cannot_be_is_refused_alone_and_says_why(said: dict[str, Any]) -> None:
    done = place(shop("1"), shop(**{"key": "2", **said}), shop("3"))
    assert [p.outcome for p in done] == ["created", "refused", "created"]
    assert done[1].problem
    assert Order.objects.count() == 2


def test_who_pays_is_a_customer_and_so_is_her_company(ana: Contact, acme: Company) -> None:
    place(shop(person_id=ana.pk))
    ana.refresh_from_db()
    assert ana.stage == "lead"
    actions.mark_paid(one().pk, actor="user:1", version=1)
    ana.refresh_from_db()
    acme.refresh_from_db()
    assert (ana.stage, ana.customer_since, acme.roles) == ("customer", NOW.date(), ["supplier", "customer"])
    assert actions.mark_paid(one().pk, actor="user:1").version == 2  # a second time nothing happens
    assert kinds(ana.pk) == ["order.placed", "order.paid"]


@pytest.mark.parametrize(
    "stage,paid,after",
    [
        ("opportunity", NOW - timedelta(days=400), "customer"),
        ("evangelist", NOW, "evangelist"),
        ("former", NOW - timedelta(days=400), "former"),
        ("former", NOW, "customer"),
    ],
)
def test_who_left_is_a_customer_again_only_by_what_she_paid_since(
    ana: Contact, stage: str, paid: datetime, after: str
) -> None:
    with clock.freeze(NOW - timedelta(days=30)):
        people.set_stage([ana.pk], stage, reason="test", actor="user:1")
    place(shop(person_id=ana.pk, placed_at=paid, status="paid"))
    ana.refresh_from_db()
    assert (ana.stage, ana.customer_since) == (after, paid.date())


def test_an_order_that_was_cancelled_or_paid_back_makes_nobody_a_customer(ana: Contact) -> None:
    place(shop("1", person_id=ana.pk, status="refunded"), shop("2", person_id=ana.pk, paid_at=NOW, status="cancelled"))
    ana.refresh_from_db()
    assert (ana.stage, ana.customer_since) == ("lead", None)
    assert kinds(ana.pk) == ["order.placed", "order.paid", "order.refunded", "order.placed", "order.paid",
                             "order.cancelled"]  # fmt: skip


def test_money_goes_back_in_parts_and_no_more_than_came(ana: Contact) -> None:
    place(shop(person_id=ana.pk, status="paid"))
    pk = one().pk
    assert actions.refund(pk, Decimal("11.80"), actor="user:1").status == "paid"
    with pytest.raises(ValueError, match="No more can be refunded"):
        actions.refund(pk, Decimal("100.01"), actor="user:1")
    order = actions.refund(pk, actor="user:1")
    assert (order.status, order.refunded, order.version) == ("refunded", Decimal("111.80"), 3)
    back = [data for kind, data in facts(ana.pk) if kind == "order.refunded"]
    assert [(d["amount"], d.get("left", 0)) for d in back] == [(11.8, 100), (100, 0)]


def test_an_order_is_cancelled_with_a_reason_and_before_it_is_delivered(ana: Contact) -> None:
    place(shop("1", person_id=ana.pk), shop("2", status="fulfilled"))
    first, second = Order.objects.order_by("pk")
    with pytest.raises(ValueError, match="Say why"):
        actions.cancel(first.pk, " ", actor="user:1")
    with pytest.raises(ValueError, match="delivered order"):
        actions.cancel(second.pk, "late", actor="user:1")
    assert actions.cancel(first.pk, "sold out", actor="user:1").status == "cancelled"
    with pytest.raises(ValueError, match="was cancelled"):
        actions.mark_paid(first.pk, actor="user:1")
    assert facts(ana.pk)[-1][1]["reason"] == "sold out"
    assert actions.reopen(first.pk, actor="user:1").status == "pending"


def test_a_stale_edit_is_refused(ana: Contact) -> None:
    place(shop(person_id=ana.pk))
    pk = one().pk
    actions.update_order(pk, actor="user:1", version=1, note="call first")
    with pytest.raises(actions.Stale):
        actions.update_order(pk, actor="user:1", version=1, note="no")
    assert one().note == "call first"


def test_an_edit_counts_the_sum_anew_and_tells_both_people(ana: Contact) -> None:
    ben = people.create_contact(actor="system", email="ben@lund.example")
    place(shop(person_id=ana.pk))
    order = actions.update_order(
        one().pk, actor="user:1", lines=[LAMP], discount=Decimal("9.80"), contact_id=ben.pk, coupon="X"
    )
    assert (order.total, order.quantity) == (Decimal(90), 2)
    assert kinds(ana.pk) == ["order.placed", "order.updated"]
    assert kinds(ben.pk) == ["order.updated"]
    with pytest.raises(ValueError, match="source"):
        actions.update_order(order.pk, actor="user:1", source="Other shop")
    actions.delete_order(order.pk, actor="user:1")
    assert (Order.objects.count(), OrderLine.objects.count()) == (0, 0)
    assert facts(ben.pk)[-1][1]["changes"] == {"deleted": ["", "true"]}


def test_any_number_of_orders_takes_the_same_number_of_statements(acme: Company) -> None:
    def statements(count: int, start: int) -> int:
        said = [
            shop(f"{start + n}", email=f"p{start + n}@firm{start + n}.example", status="paid") for n in range(count)
        ]
        with CaptureQueriesContext(
            connection,
        ) as found:
            place(*said)
        return len(found)

    statements(1, 0)
    few, many = statements(3, 10), statements(40, 100)
    assert many <= few + 2
    assert Contact.objects.filter(stage="customer").count() == 44


def test_the_past_is_imported_without_facts_or_effects(ana: Contact) -> None:
    seeds = [
        OrderSeed("1", [LAMP, BULB], NOW - timedelta(days=9), ana.pk, source="Shop", key="1", paid_at=NOW),
        OrderSeed("2", [LAMP], NOW, refunded=Decimal("99.80"), paid_at=NOW, refunded_at=NOW),
    ]
    assert actions.import_orders(seeds) == list(Order.objects.order_by("pk").values_list("pk", flat=True))
    assert list(Order.objects.order_by("pk").values_list("status", "total", "quantity")) == [
        ("paid", Decimal("111.80"), Decimal(12)),
        ("refunded", Decimal("99.80"), Decimal(2)),
    ]
    ana.refresh_from_db()
    assert (ana.stage, kinds(ana.pk)) == ("lead", [])


def test_orders_move_with_a_merge_and_back_and_stay_without_whom_was_erased(ana: Contact) -> None:
    ben = people.create_contact(actor="system", email="ben@lund.example", first_name="Ben")
    place(shop(person_id=ben.pk, note="Ben's birthday"))
    merge = people.merge_contacts(ana.pk, ben.pk, actor="user:1")
    assert one().contact_id == ana.pk
    people.unmerge(merge.pk, actor="user:1")
    assert one().contact_id == ben.pk
    found = people.export_person(ben.pk)["sales_order"][0]
    assert (found["number"], found["lines"][1]["sku"]) == ("41", "B-7")
    people.erase_people([ben.pk], reason="asked", actor="user:1")
    order = one()
    assert (order.contact_id, order.note, order.total, order.lines.count()) == (None, "", Decimal("111.80"), 2)
