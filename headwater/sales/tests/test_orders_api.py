"""Orders over the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.people.models import Contact

pytestmark = pytest.mark.django_db
Call = Callable[..., tuple[int, Any]]
ORDER = {
    "source": "Shop", "key": "9001", "number": "#1041", "email": "mia@lund.example", "person": {"first_name": "Mia"},
    "currency": "EUR", "placed_at": "2026-10-01T08:00:00Z", "shipping": "4.90",
    "lines": [{"name": "Blue lamp", "sku": "L-1", "quantity": 2, "unit_price": "49.90"}],
}  # fmt: skip


@pytest.fixture
def call(client: Client, rafael: User) -> Call:
    client.force_login(rafael)

    def run(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        response = client.generic(method, f"/api/v1{path}", json.dumps(body) if body else "{}", "application/json")
        return response.status_code, json.loads(response.content or b"null")

    return run


def test_a_shop_sends_its_order_as_often_as_it_likes(call: Call) -> None:
    status, made = call("POST", "/orders", ORDER)
    assert (status, made["total"], made["status"], made["number"]) == (201, "104.70", "pending", "#1041")
    assert made["lines"] == [
        {"sku": "L-1", "name": "Blue lamp", "quantity": "2.000", "unit_price": "49.90", "discount": "0.00",
         "total": "99.80"}
    ]  # fmt: skip
    assert Contact.objects.get(pk=made["person_id"]).first_name == "Mia"
    assert call("POST", "/orders", ORDER) == (200, made)
    status, paid = call("POST", "/orders", {"source": "Shop", "key": "9001", "status": "paid", "refunded": "4.70"})
    assert (status, paid["status"], paid["refunded"], paid["version"]) == (200, "paid", "4.70", 2)
    assert call("GET", f"/orders/{made['id']}") == (200, paid)


def test_many_orders_are_answered_one_by_one(call: Call) -> None:
    status, done = call("POST", "/orders/bulk", [ORDER, {**ORDER, "key": "2", "currency": "XXX"}, ORDER])
    assert (status, [one["outcome"] for one in done]) == (200, ["created", "refused", "unchanged"])
    assert done[1] == {"order_id": None, "outcome": "refused", "problem": "The currency is unknown."}
    assert call("POST", "/orders/bulk", [ORDER] * 1001)[0] == 422


def test_an_order_goes_its_way(call: Call) -> None:
    pk = call("POST", "/orders", ORDER)[1]["id"]
    assert call("POST", f"/orders/{pk}/paid", {"version": 1})[1]["status"] == "paid"
    assert call("POST", f"/orders/{pk}/fulfil", {"version": 1})[0] == 409
    assert call("POST", f"/orders/{pk}/fulfil", {})[1]["status"] == "fulfilled"
    assert call("POST", f"/orders/{pk}/cancel", {"reason": "late"})[0] == 422
    assert call("POST", f"/orders/{pk}/refund", {"amount": "1000"})[0] == 422
    assert call("POST", f"/orders/{pk}/refund", {"amount": "4.90"})[1]["status"] == "fulfilled"
    assert call("POST", f"/orders/{pk}/refund", {})[1]["status"] == "refunded"
    assert call("POST", f"/orders/{pk}/reopen", {})[1]["status"] == "pending"
    assert call("PATCH", f"/orders/{pk}", {"discount": "4.70", "person_id": None})[1]["total"] == "100.00"
    assert call("DELETE", f"/orders/{pk}")[0] == 204
    assert call("GET", f"/orders/{pk}")[0] == 404
    assert call("POST", f"/orders/{pk}/paid", {})[0] == 404


def test_the_list_is_narrowed_and_searched(call: Call) -> None:
    call("POST", "/orders", ORDER)
    call("POST", "/orders", {"number": "7", "status": "paid", "placed_at": "2026-11-01T00:00:00Z", "source": "Counter"})
    call("POST", "/orders", {"number": "8", "lines": [{"name": "蓝色台灯"}], "placed_at": "2026-11-02T00:00:00Z"})

    def found(query: str) -> list[str]:
        status, page = call("GET", f"/orders?{query}")
        assert status == 200
        return [row["number"] for row in page["items"]]

    assert found("") == ["8", "7", "#1041"]
    assert found("status=paid") == ["7"]
    assert found("source=Shop") == ["#1041"]
    assert found("since=2026-11-01T00:00:00Z&until=2026-11-02T00:00:00Z") == ["7"]
    assert [found(f"q={q}") for q in ("1041", "l-1", "mia", "台灯", "lund", "nobody")] == [
        ["#1041"], ["#1041"], ["#1041"], ["8"], ["#1041"], [],
    ]  # fmt: skip
    assert call("GET", "/orders?status=odd")[0] == 422


def test_a_person_that_cannot_be_is_refused(call: Call) -> None:
    assert call("POST", "/orders", {"email": "nobody"})[0] == 422
    assert call("POST", "/orders", {"person_id": 2**63})[0] == 422
    pk = call("POST", "/orders", ORDER)[1]["id"]
    for field in ("person_id", "company_id", "deal_id"):
        assert call("PATCH", f"/orders/{pk}", {field: 2**63})[0] == 422


def test_conditions_on_orders_suggest_the_products_that_were_ordered(call: Call) -> None:
    lamp, chair = ORDER["lines"][0], {"name": "Chair", "sku": "C-1", "quantity": 1, "unit_price": "80"}  # type: ignore[index]
    call("POST", "/orders", {**ORDER, "lines": [lamp, chair], "coupon": "SPRING"})
    call("POST", "/orders", {**ORDER, "key": "9002"})

    def suggest(of: str, q: str = "") -> Any:
        return call("GET", f"/segments/suggest?of={of}&q={q}")

    assert suggest("record:order:product") == (
        200,
        [{"value": "Blue lamp", "count": 2}, {"value": "Chair", "count": 1}],
    )
    assert suggest("record:order:sku", "c") == (200, [{"value": "C-1", "count": 1}])
    assert suggest("record:order:coupon") == (200, [{"value": "SPRING", "count": 1}])
    for wrong in ("record:order:total", "record:order", "record:event:event", "record:cart:sku"):
        assert suggest(wrong)[0] == 422
