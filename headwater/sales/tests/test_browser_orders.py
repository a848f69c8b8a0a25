"""An order by telephone in a real browser: written down, paid, part of it paid back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from headwater.accounts.models import User
from headwater.people import actions as people
from headwater.sales import actions
from headwater.sales.actions import NewOrder
from headwater.sales.models import Order

from .test_browser import me, page

__all__ = ["me", "page"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_order_is_written_paid_and_partly_refunded(page: Page, me: User) -> None:
    ana = people.create_contact(actor="system", first_name="Ana", last_name="Lima", email="ana@acme.example")
    page.goto("/orders/")
    expect(page.get_by_text("No orders yet")).to_be_visible()
    page.get_by_role("link", name="New order").first.click()
    page.get_by_role("combobox", name="Contact").fill("Lima")
    page.get_by_role("option", name="Ana Lima").click()
    page.get_by_label("Product", exact=True).fill("Blue lamp")
    page.get_by_label("Quantity").fill("-2")
    page.get_by_role("button", name="Save order").click()
    expect(page.get_by_role("alert")).to_have_text("The quantity is out of range.")
    page.get_by_label("Quantity").fill("2")
    page.get_by_label("Price").fill("1,249.90")
    page.get_by_role("button", name="Add line").click()
    page.get_by_label("Product", exact=True).nth(1).fill("Bulb")
    page.get_by_label("Price").nth(1).fill("10")
    expect(page.locator("[data-total]")).to_have_text("$2,509.80")
    page.get_by_label("Shipping").fill("5.20")
    expect(page.locator("[data-total]")).to_have_text("$2,515.00")
    page.get_by_role("button", name="Save order").click()
    expect(page.get_by_text("Order written down")).to_be_visible()
    order = Order.objects.get()
    assert (order.total, order.contact_id, order.status) == (Decimal("2515.00"), ana.pk, "pending")
    page.get_by_role("button", name="Mark as paid").click()
    expect(page.locator(".who .chip")).to_have_text("Paid")
    page.get_by_label("More", exact=True).click()
    page.get_by_role("button", name="Refund").click()
    page.get_by_label("Amount").fill("-15")
    page.get_by_role("button", name="Note refund").click()
    expect(page.get_by_role("dialog")).to_contain_text("Write an amount")
    assert page.url.endswith(f"/orders/{order.pk}/")
    page.get_by_label("Amount").fill("15")
    page.get_by_role("button", name="Note refund").click()
    expect(page.get_by_text("$15 of order")).to_be_visible()
    expect(page.locator(".so-sum")).to_contain_text("$2,500")
    page.goto(f"/people/{ana.pk}/")
    expect(page.locator(".so-spent")).to_contain_text("$2,500")
    ana.refresh_from_db()
    assert ana.stage == "customer"


def test_a_segment_of_what_was_spent_is_built_with_the_editor(page: Page, me: User) -> None:
    ana = people.create_contact(actor="system", first_name="Ana", last_name="Lima", email="ana@acme.example")
    for key, price in (("1", 700), ("2", 400)):
        said = NewOrder("Shop", key, person_id=ana.pk, total=Decimal(price), status="paid")
        actions.place_orders([said], actor="user:1")
    page.goto("/segments/new/")
    page.get_by_label("Name", exact=True).fill("Spent 1,000")
    page.locator("[data-add]").first.click()
    page.get_by_role("combobox", name="Add a condition").fill("order")
    page.get_by_role("option", name="Order Order").click()

    def detail(name: str) -> None:
        page.locator(".hc-add", has_text="Detail").click()
        page.get_by_role("option", name=name, exact=True).click()

    detail("Property")
    page.get_by_label("Field").first.click()
    page.get_by_role("option", name="Placed on").click()
    page.get_by_label("Number").fill("90")
    detail("the sum of")
    page.locator(".hc-detail").get_by_label("Value").fill("1100")
    expect(page.locator(".seg-preview")).to_contain_text(
        "has an order (Placed on was in the last 90 days), the sum of Total is at least 1100"
    )
    expect(page.locator(".seg-preview")).to_contain_text("Ana Lima")
    asked = page.evaluate("document.querySelector('hw-conditions').value")
    assert asked == {
        "all": [
            {
                "order": [{"field": "placed_at", "op": "within", "value": "90d"}],
                "sum": {"field": "total", "op": "gte", "value": 1100},
            }
        ]
    }
    page.locator(".hc-detail").get_by_label("Value").fill("1101")
    expect(page.locator(".seg-preview")).not_to_contain_text("Ana Lima")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("heading", name="Spent 1,000")).to_be_visible()
