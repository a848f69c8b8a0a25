"""Push messages over the API: written, sent, the browsers that take them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.actions import create_api_key
from headwater.messaging.models import Message, PushDevice
from headwater.messaging.queries.browsers import application_key
from headwater.messaging.tests.push_server import Browser, PushService
from headwater.people.models import Consent, Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(workspace: object) -> Any:
    _, key = create_api_key(name="test", scopes=["read", "write"], actor=None)
    client = Client(headers={"Authorization": f"Bearer {key}"})

    def make(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = "" if body is None else json.dumps(body)
        answer = client.generic(method, f"/api/v1{path}", data, content_type="application/json")
        return answer.status_code, json.loads(answer.content) if answer.content else None

    return make


def test_a_push_message_is_written_read_changed_and_sent(call: Any) -> None:
    said = {"title": "Hi {{ contact.first_name }}", "body": "Look", "link": "https://shop.example/x"}
    status, made = call("POST", "/push-templates", {"name": "News", **said})
    assert (status, made["channel"], made["version"]) == (201, "push", 1)
    there = f"/push-templates/{made['id']}"
    assert call("GET", there)[1]["link"] == "https://shop.example/x"
    assert call("PUT", there, {"name": "News", **said, "body": "Look!"})[1]["version"] == 2
    assert call("POST", "/push-templates", {"name": "x", "title": "{{ broken"})[0] == 422
    assert call("GET", "/text-templates/" + str(made["id"]))[0] == 404
    ana = Contact.objects.create(email="ana@example.org", first_name="Ana")
    asked = {"person_id": ana.pk, "template_id": made["id"], "key": "1"}
    assert call("POST", "/pushes", asked)[1]["refused"] == "no_device"
    given = Browser("a", PushService()).given() | {"endpoint": "https://push.example/send/1"}
    words = {"person_id": ana.pk, "agent": "Firefox, Linux", "text": "Tell me of news", "url": "https://app.example/"}
    status, browser = call("POST", "/push-browsers", {**given, **words})
    assert (status, browser["agent"], browser["ended_at"]) == (201, "Firefox, Linux", None)
    agreed = Consent.objects.get(person_id=ana.pk, channel="push")
    assert agreed.proof == {"source": "api", "text": "Tell me of news", "url": "https://app.example/"}
    assert call("POST", "/pushes", {**asked, "key": "2"}) == (
        202, {"person_id": ana.pk, "message_id": str(Message.objects.get(key="api:2").id), "refused": None},
    )  # fmt: skip
    listed = call("GET", "/mails?channel=push")[1]["items"]
    assert [(m["subject"], m["status"], m["reason"]) for m in listed] == [
        ("Hi Ana", "queued", ""), ("Hi Ana", "refused", "no_device"),
    ]  # fmt: skip


def test_a_persons_browsers_are_listed_and_ended(call: Any) -> None:
    ana = Contact.objects.create(email="ana@example.org")
    given = Browser("a", PushService()).given() | {"person_id": ana.pk, "text": "Yes"}
    for endpoint in ("http://push.example/1", "https://10.0.0.1 /x", "nothing"):
        assert call("POST", "/push-browsers", {**given, "endpoint": endpoint})[0] == 422
    made = call("POST", "/push-browsers", {**given, "endpoint": "https://push.example/1"})[1]
    there = f"/contacts/{ana.pk}/browsers"
    assert [b["id"] for b in call("GET", there)[1]] == [made["id"]]
    assert call("DELETE", f"{there}/{made['id']}")[0] == 204
    assert call("DELETE", f"{there}/{made['id']}")[0] == 404
    assert PushDevice.objects.get().ended_why == "page"
    assert call("GET", "/contacts/99/browsers")[0] == 404
    assert call("GET", "/push-key") == (200, {"key": application_key()})
