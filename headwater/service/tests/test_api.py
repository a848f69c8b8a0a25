"""Tickets and queues over the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.people.models import Contact
from headwater.service.models import Ticket, TicketQueue

from .conftest import colleague

pytestmark = pytest.mark.django_db
Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def call(client: Client) -> Call:
    client.force_login(colleague("Ada", role="admin"))

    def run(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent = json.dumps(body) if body is not None else ""
        response = client.generic(method, f"/api/v1{path}", sent, "application/json")
        return response.status_code, json.loads(response.content or b"null")

    return run


def test_a_ticket_is_opened_once_per_key_and_read_again(call: Call, ana: Contact, sam: User) -> None:
    sent = {
        "subject": "Import fails",
        "description": "All rows",
        "person_id": ana.pk,
        "kind": "technical",
        "priority": "high",
        "assignee_id": sam.pk,
        "source": "shop",
        "key": "shop-77",
    }
    status, made = call("POST", "/tickets", sent)
    assert (status, made["number"], made["queue"], made["status"]) == (201, f"T-{made['id']}", "Support", "new")
    assert (made["person_id"], made["company_id"], made["version"]) == (ana.pk, ana.company_id, 1)
    assert call("POST", "/tickets", sent | {"subject": "Other"})[1]["id"] == made["id"]
    assert Ticket.objects.count() == 1
    status, whole = call("GET", f"/tickets/{made['id']}")
    assert (status, whole["subject"], whole["entries"]) == (200, "Import fails", [])


def test_a_ticket_is_answered_changed_and_solved(call: Call, ana: Contact) -> None:
    pk = call("POST", "/tickets", {"subject": "Import fails", "person_id": ana.pk})[1]["id"]
    status, said = call("POST", f"/tickets/{pk}/reply", {"text": "Which file?", "then": "pending", "version": 1})
    assert (status, said["kind"], said["refused"], said["message_id"] is not None) == (201, "reply", "", True)
    assert call("POST", f"/tickets/{pk}/answer", {"text": "This one", "key": "m1"})[0] == 201
    assert call("POST", f"/tickets/{pk}/answer", {"text": "This one", "key": "m1"})[0] == 201
    assert call("POST", f"/tickets/{pk}/note", {"text": "A known bug"})[0] == 201
    whole = call("GET", f"/tickets/{pk}")[1]
    assert [(e["kind"], e["text"]) for e in whole["entries"]] == [
        ("reply", "Which file?"),
        ("answer", "This one"),
        ("note", "A known bug"),
    ]
    assert whole["status"] == "open"
    assert call("PATCH", f"/tickets/{pk}", {"status": "solved", "version": 1})[0] == 409
    status, row = call("PATCH", f"/tickets/{pk}", {"status": "solved", "priority": "low", "version": whole["version"]})
    assert (status, row["status"], row["priority"], row["solved_at"] is not None) == (200, "solved", "low", True)
    assert call("DELETE", f"/tickets/{pk}")[0] == 204
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/reply"), ("POST", "/note")):
        assert call(method, f"/tickets/{pk}{path}", {"text": "x"} if path else {})[0] == 404


def test_the_list_is_filtered(call: Call, ana: Contact, sam: User) -> None:
    one = call("POST", "/tickets", {"subject": "Import fails", "person_id": ana.pk, "priority": "urgent"})[1]["id"]
    two = call("POST", "/tickets", {"subject": "Invoice", "kind": "commercial", "assignee_id": sam.pk})[1]["id"]

    def found(query: str) -> list[int]:
        status, page = call("GET", f"/tickets?{query}")
        assert status == 200
        return [row["id"] for row in page["items"]]

    assert found("") == [two, one]
    assert found(f"person_id={ana.pk}") == found("priority=urgent") == found(f"q=T-{one}") == found("q=lima") == [one]
    assert found(f"company_id={ana.company_id}&status=new") == [one]
    assert found(f"assignee_id={sam.pk}") == found("kind=commercial") == found("q=invoice") == [two]
    assert found("status=solved") == found("overdue=true") == []
    assert call("GET", "/tickets?status=gone")[0] == 422


@pytest.mark.parametrize(
    "body",
    [{}, {"subject": " "}, {"subject": "x", "kind": "odd"}, {"subject": "x", "person_id": 999_999},
     {"subject": "x", "queue_id": 999}, {"subject": "x", "person_id": 10**400}],
)  # fmt: skip
def test_what_cannot_be_is_refused(call: Call, body: dict[str, Any]) -> None:
    assert call("POST", "/tickets", body)[0] == 422


def test_queues_are_kept_by_administrators(call: Call, client: Client, sam: User) -> None:
    (first,) = call("GET", "/queues")[1]
    assert (first["name"], first["targets"]["urgent"]) == ("Support", {"reply": 60, "solution": 480})
    status, made = call("POST", "/workspace/queues", {"name": "VIP", "targets": {"normal": {"reply": 15}}})
    assert (status, made["targets"]["normal"], made["hours"]["opens"]) == (
        201,
        {"reply": 15, "solution": None},
        "09:00",
    )
    assert call("PATCH", f"/workspace/queues/{made['id']}", {"name": "Support"})[0] == 422
    hours = {"days": ["mon"], "opens": "08:00", "closes": "12:00"}
    assert call("PATCH", f"/workspace/queues/{made['id']}", {"hours": hours})[1]["hours"] == hours
    assert call("POST", "/tickets", {"subject": "x", "queue_id": made["id"]})[1]["queue"] == "VIP"
    assert call("POST", f"/workspace/queues/{made['id']}/archive")[0] == 204
    assert [q["name"] for q in call("GET", "/queues")[1]] == ["Support"]
    assert [q["name"] for q in call("GET", "/queues?archived=true")[1]] == ["Support", "VIP"]
    assert call("POST", f"/workspace/queues/{made['id']}/restore")[0] == 200
    client.force_login(sam)
    assert call("POST", f"/workspace/queues/{made['id']}/archive")[0] == 403
    assert TicketQueue.objects.filter(archived_at=None).count() == 2
