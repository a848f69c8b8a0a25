"""Mails over the API: templates, sending once, the ledger, and what providers report."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.actions import create_api_key
from headwater.messaging.actions import MailRequest, queue
from headwater.messaging.models import MailTemplate, Message, Suppression
from headwater.messaging.rules.starter import STARTER
from headwater.people.models import Contact
from headwater.timeline import queries as timeline

pytestmark = pytest.mark.django_db
People = Callable[..., Contact]
Templates = Callable[..., MailTemplate]
Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def call(workspace: object) -> Call:
    """call(method, path, body) -> (status, JSON), with a key that may read and write."""
    _, key = create_api_key(name="test", scopes=["read", "write"], actor=None)
    client = Client(headers={"Authorization": f"Bearer {key}"})

    def do(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = "" if body is None else json.dumps(body, default=str)
        answer = client.generic(method, f"/api/v1{path}", data, content_type="application/json")
        return answer.status_code, json.loads(answer.content) if answer.content else None

    return do


def test_a_template_is_made_read_changed_and_archived(call: Call) -> None:
    body = {"name": "Receipt", "purpose": "transactional", "subject": "Thanks", "mjml": STARTER}
    status, made = call("POST", "/templates", body)
    assert (status, made["name"], made["version"]) == (201, "Receipt", 1)
    path = f"/templates/{made['id']}"
    assert call("GET", path)[1]["mjml"] == STARTER
    assert call("PUT", path, {**body, "subject": "Thank you"})[1]["version"] == 2
    assert [t["id"] for t in call("GET", "/templates")[1]] == [made["id"]]
    assert call("GET", f"{path}/results")[1]["sent"] == 0
    assert call("DELETE", path)[0] == 204
    assert call("GET", "/templates")[1] == []
    assert call("GET", "/templates/4711")[0] == 404
    status, said = call("POST", "/templates", {**body, "mjml": "<mjml>"})
    assert (status, said["reason"]) == (422, "line 1: <mjml> is not closed")


def test_the_same_key_sends_once_and_refusals_are_answers(call: Call, person: People, template: Templates) -> None:
    ana, made = person(first_name="Ana"), template("Order {{ event.number }}", purpose="transactional")
    body = {"person_id": ana.pk, "template_id": made.pk, "key": "order:1", "context": {"event": {"number": 17}}}
    status, first = call("POST", "/mails", body)
    assert (status, first["refused"]) == (202, None)
    assert call("POST", "/mails", body) == (202, first)
    row = Message.objects.get()
    assert (row.subject, str(row.id), row.actor[:4]) == ("Order 17", first["message_id"], "api:")
    assert call("POST", "/mails", {**body, "key": "2", "context": {}})[1]["refused"] == "missing_field:event.number"
    assert call("POST", "/mails", {**body, "person_id": 999_999})[0] == 404
    assert call("POST", "/mails", {**body, "at": "2026-11-02T09:30:00"})[0] == 422
    assert call("POST", "/mails", {"person_id": ana.pk})[0] == 422


def test_the_ledger_is_read_page_by_page(call: Call, person: People, template: Templates) -> None:
    ana, made = person(), template()
    queue([MailRequest(ana.pk, made.pk, str(n), "t") for n in range(5)])
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = call("GET", f"/mails?limit=2&person_id={ana.pk}&cursor={cursor}")[1]
        seen += [m["id"] for m in page["items"]]
        cursor = page["next"]
    assert (len(set(seen)), cursor) == (5, "")
    assert call("GET", f"/mails/{ana.pk}/{seen[0]}")[1]["status"] == "queued"
    assert call("GET", f"/mails/{ana.pk + 1}/{seen[0]}")[0] == 404
    assert call("GET", "/mails?cursor=nonsense")[0] == 422


def test_a_providers_word_marks_the_ledger_once(call: Call, person: People, template: Templates) -> None:
    ana, bo, made = person(), person("bo@example.org"), template()
    queue([MailRequest(p.pk, made.pk, "k", "t") for p in (ana, bo)])
    first, second = Message.objects.get(person_id=ana.pk), Message.objects.get(person_id=bo.pk)
    items = [
        {"event": "bounce", "header_id": f"<{first.header_id}>", "words": "550 gone"},
        {"event": "complaint", "person_id": bo.pk, "message_id": second.id},
        {"event": "bounce", "header_id": "<nobody@else.example>"},
        {"event": "bounce", "header_id": "ffff.12@x"},
    ]
    assert call("POST", "/mails/feedback", items) == (200, {"new": 2, "unknown": [2, 3]})
    assert call("POST", "/mails/feedback", items) == (200, {"new": 0, "unknown": [2, 3]})
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.error, second.complained_at is not None) == ("bounced", "550 gone", True)
    assert sorted(Suppression.objects.values_list("reason", flat=True)) == ["bounce", "complaint"]
    assert [e.kind for e in timeline.read(ana.pk)] == ["mail.bounced"]
    assert [e.kind for e in timeline.read(bo.pk)] == ["mail.complained"]
    assert call("POST", "/mails/feedback", [{"event": "nonsense"}])[0] == 422
