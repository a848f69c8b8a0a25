"""Sites, forms and submissions over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import User
from headwater.people.models import Contact

FIELD = {"label": "E-mail", "key": "email", "type": "email", "required": True, "maps_to": "email"}


@pytest.fixture
def api(client: Client, db: None) -> Any:
    client.force_login(User.objects.create_user("a@example.com", "a@example.com", "x", role="admin"))

    def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(client, method)(f"/api/v1{path}", **data)
        return answer.status_code, answer.json() if answer.content else None

    return call


def test_a_site_is_made_read_and_switched_off(api: Any) -> None:
    status, site = api("post", "/sites", {"name": "Shop", "allowed_origins": ["https://shop.example"]})
    assert (status, site["allowed_origins"], site["active"]) == (201, ["https://shop.example"], True)
    assert api("patch", f"/sites/{site['id']}", {"active": False})[1]["active"] is False
    assert [s["id"] for s in api("get", "/sites")[1]] == [site["id"]]
    assert api("patch", "/sites/999", {"active": False})[0] == 404
    assert api("post", "/sites", {"name": "Shop", "allowed_origins": ["not one"]})[0] == 422


def test_a_form_is_made_and_takes_a_submission_once(api: Any) -> None:
    status, form = api("post", "/forms", {"name": "Paper", "fields": [FIELD]})
    assert (status, form["slug"], form["fields"][0]["key"]) == (201, "paper", "email")
    sent = {"answers": {"email": "ana@example.com"}, "key": "k1"}
    first = api("post", f"/forms/{form['id']}/submissions", sent)
    assert first[0] == 201
    assert api("post", f"/forms/{form['id']}/submissions", sent) == first
    assert Contact.objects.get().email == "ana@example.com"
    _, listed = api("get", f"/forms/{form['id']}/submissions")
    assert [item["data"] for item in listed["items"]] == [{"email": "ana@example.com"}]
    assert api("post", f"/forms/{form['id']}/submissions", {"answers": {}})[0] == 422
    assert api("get", f"/forms/{form['id']}/submissions?cursor=x")[0] == 422
    assert api("post", "/forms", {"name": "No field", "fields": []})[0] == 422
    assert api("post", "/forms", {"name": "No asset", "fields": [FIELD], "asset_id": 9})[0] == 422


def test_a_form_asks_for_texts_over_the_api(api: Any) -> None:
    number = {"label": "Mobile", "key": "mobile", "type": "phone", "maps_to": "phone"}
    wanted = {"name": "Alerts", "fields": [FIELD, number], "sms_consent_text": "Text me.", "country": "Korea, South"}
    assert api("post", "/forms", wanted)[0] == 422
    status, form = api("post", "/forms", {**wanted, "country": "kr"})
    assert (status, form["country"], form["sms_consent_version"]) == (201, "KR", 1)
    sent = {"answers": {"email": "ana@example.com", "mobile": "010-2345-6789"}, "consent_sms": True, "key": "k"}
    assert api("post", f"/forms/{form['id']}/submissions", sent)[0] == 201
    (kept,) = api("get", f"/forms/{form['id']}/submissions")[1]["items"]
    assert kept["consent"] == {"sms": {"text": "Text me.", "version": 1, "given": True, "number": "+821023456789"}}
    assert api("patch", f"/forms/{form['id']}", {"sms_consent_required": True, "sms_consent_text": ""})[0] == 422
