"""The pages of orders: the list and its filters, writing and editing, what is refused, and where else orders show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headwater.accounts.models import User
from headwater.people.models import Contact
from headwater.sales import actions
from headwater.sales.actions import NewLine, NewOrder
from headwater.sales.models import Order

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def web(client: Client, rafael: User) -> Client:
    client.force_login(rafael)
    return client


def order(number: str, price: int = 100, days: int = 0, **more: Any) -> int:
    said = NewOrder(
        number=number, lines=[NewLine(f"Lamp {number}", f"L-{number}", Decimal(2), Decimal(price) / 2)],
        placed_at=NOW - timedelta(days=days), **{"currency": "EUR", **more},
    )  # fmt: skip
    pk = actions.place_orders([said], actor="user:1")[0].order_id
    assert pk is not None
    return pk


def form(**more: Any) -> dict[str, Any]:
    return {
        "currency": "EUR", "line_name": ["Lamp", ""], "line_sku": ["L", ""], "line_quantity": ["2", "1"],
        "line_price": ["49.90", ""], "line_discount": ["", ""], "placed_at": "2026-11-01T10:00", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    "query,shown",
    [
        ("", {"one", "two", "three"}),
        ("status=paid", {"two"}),
        ("source=Shop", {"two"}),
        ("source=-", {"one", "three"}),
        ("since=2026-11-15", {"one"}),
        ("since=2026-11-01&until=2026-11-10", {"two"}),
        ("least=150&most=250", {"two"}),
        ("least=150", {"two", "three"}),
        ("q=lima", {"two"}),
        ("q=L-three", {"three"}),
        ("currency=KRW", {"three"}),
        ("status=odd&since=x&least=abc&contact=1e9&currency=?", {"one", "two", "three"}),
        ("contact=99999999999999999999", set()),
        ("q=nobody", set()),
    ],
)
def test_the_list_is_narrowed(web: Client, ana: Contact, query: str, shown: set[str]) -> None:
    order("one")
    order("two", 200, 10, status="paid", source="Shop", person_id=ana.pk)
    order("three", 3000, 30, currency="KRW")
    page = web.get(f"/orders/?{query}")
    assert page.status_code == 200
    assert {row[0].number for row in page.context["rows"]} == shown


def test_the_sums_leave_out_what_was_cancelled_or_paid_back(web: Client) -> None:
    order("1", 100, status="paid", refunded=Decimal(30))
    order("2", 50, status="cancelled")
    order("3", 3000, currency="KRW")
    assert web.get("/orders/").context["sums"] == [(2, "€70"), (1, "₩3,000")]
    assert web.get("/orders/?status=cancelled").context["sums"] == [(1, "€50")]


def test_a_long_list_comes_in_pages_with_the_same_few_statements(web: Client) -> None:
    for n in range(55):
        order(f"{n}", days=n)
    web.get("/orders/")
    with CaptureQueriesContext(connection) as found:
        page = web.get("/orders/")
    assert len(found) <= 12
    assert len(page.context["rows"]) == 50
    rest = web.get(page.context["more"], headers={"HX-Request-Type": "partial"})
    assert rest.content.decode().count("<tr>") == 5
    assert web.get("/orders/?after=odd").status_code == 404


def test_an_order_is_written_by_hand_and_edited(web: Client, ana: Contact) -> None:
    answer = web.post("/orders/new/", form(contact=ana.pk, paid="on", discount="9,80", coupon="X", source="Counter"))
    row = Order.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/orders/{row.pk}/")
    assert (row.total, row.status, row.company_id, row.source) == (Decimal(90), "paid", ana.company_id, "Counter")
    assert row.number == f"2026-{row.pk:04d}"
    page = web.get(f"/orders/{row.pk}/edit/")
    assert [line["price"] for line in page.context["lines"]] == ["49.90"]
    sent = form(contact="", company="", number="A 7", discount="", shipping="5", version=1)
    assert web.post(f"/orders/{row.pk}/edit/", sent).status_code == 302
    row.refresh_from_db()
    assert (row.total, row.number, row.contact_id, row.version) == (Decimal("104.80"), "A 7", None, 2)
    web.post(f"/orders/{row.pk}/edit/", sent)  # the version is an old one
    row.refresh_from_db()
    assert row.version == 2
    assert web.get(f"/orders/{row.pk}/").status_code == 200


@pytest.mark.parametrize(
    "wrong,text",
    [
        ({"line_price": ["x", ""]}, "Write an amount"),
        ({"line_quantity": ["many", ""]}, "Write a quantity"),
        ({"line_quantity": ["0", ""]}, "The quantity is out of range."),
        ({"line_name": ["", ""], "line_sku": ["", ""]}, "Each line needs the name"),
        ({"line_name": ["", ""], "line_sku": ["", ""], "line_price": ["", ""]}, "Write down at least one product"),
        ({"line_price": ["5k", ""]}, "Write an amount"),
        ({"line_discount": ["1000", ""]}, "The discount is larger than what it is taken from."),
        ({"discount": "1000"}, "The discount is larger than what it is taken from."),
        ({"contact": "999999"}, "There is no such contact."),
        ({"deal": "999999"}, "There is no such deal."),
        ({"placed_at": "2099-01-01T00:00"}, "An order cannot be of that time."),
    ],
)
def test_a_mistake_is_said_and_what_was_typed_stays(web: Client, wrong: dict[str, Any], text: str) -> None:
    answer = web.post("/orders/new/", form(coupon="KEEP", **wrong))
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert 'value="KEEP"' in answer.content.decode()
    assert Order.objects.count() == 0


def test_what_happens_to_an_order_is_said_on_its_page(web: Client, ana: Contact) -> None:
    pk = order("7", person_id=ana.pk)
    for what, data, status in (
        ("paid", {}, "paid"),
        ("refund", {"amount": "40"}, "paid"),
        ("fulfil", {}, "fulfilled"),
        ("cancel", {"reason": "late"}, "fulfilled"),
        ("reopen", {}, "pending"),
        ("cancel", {"reason": "late"}, "cancelled"),
        ("paid", {}, "cancelled"),
    ):
        page = web.post(f"/orders/{pk}/{what}/", data, follow=True)
        assert (page.status_code, Order.objects.get().status) == (200, status)
    assert web.post(f"/orders/{pk}/cancel/", {}).status_code == 422
    assert web.post(f"/orders/{pk}/refund/", {"amount": "x"}).status_code == 422
    web.post(f"/orders/{pk}/reopen/")
    web.post(f"/orders/{pk}/paid/")
    more = web.post(f"/orders/{pk}/refund/", {"amount": "1000", "version": str(Order.objects.get().version)})
    assert more.status_code == 422
    assert "No more can be refunded than was paid." in more.content.decode()
    assert 'name="amount" value="1000"' in more.content.decode()
    assert "late" in web.get(f"/orders/{pk}/").content.decode()
    assert web.post(f"/orders/{pk}/delete/", follow=True).status_code == 200
    assert web.get(f"/orders/{pk}/").status_code == 404
    assert web.post(f"/orders/{pk}/paid/").status_code == 404


def test_orders_show_with_their_people_and_in_the_search(web: Client, ana: Contact) -> None:
    pk = order("1041", person_id=ana.pk, status="paid")
    for path in (f"/people/{ana.pk}/", f"/companies/{ana.company_id}/", f"/orders/of/contact/{ana.pk}/",
                 f"/orders/of/company/{ana.company_id}/"):  # fmt: skip
        page = web.get(path)
        assert page.status_code == 200, path
        assert f'href="/orders/{pk}/"' in page.content.decode()
        assert "€100" in page.content.decode()
    assert f"/orders/{pk}/" in web.get("/palette/?q=1041").content.decode()
