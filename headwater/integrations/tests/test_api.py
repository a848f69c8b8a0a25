"""The API's door, its errors, its reference and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from headwater.accounts.actions import create_api_key, revoke_api_key
from headwater.accounts.models import ApiKey, User
from headwater.integrations.management.commands.api import Command
from headwater.people.actions import create_contact

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events"
GOOD = json.dumps({"event": "cart.filled", "email": "ana@example.com"})


@pytest.fixture
def admin() -> User:
    return User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin")


@pytest.fixture
def key(admin: User) -> Callable[..., str]:
    return lambda *scopes: create_api_key(name="test", scopes=list(scopes), actor=admin)[1]


def post(body: str, **headers: str) -> Any:
    return Client(enforce_csrf_checks=True).post(EVENTS, body, content_type="application/json", headers=headers)


def intake() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM capture_intake")
        return int(cursor.fetchone()[0])


def test_without_key_or_session_it_says_401_in_json() -> None:
    response = post(GOOD)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["error"] == "not_signed_in"


def test_an_unknown_and_a_revoked_key_are_nobody(key: Callable[..., str]) -> None:
    assert post(GOOD, Authorization="Bearer hw_wrong").status_code == 401
    text = key("write")
    revoke_api_key(ApiKey.objects.get().pk)
    assert post(GOOD, Authorization=f"Bearer {text}").status_code == 401


def test_a_key_that_may_only_read_does_not_write(key: Callable[..., str]) -> None:
    response = post(GOOD, Authorization=f"Bearer {key('read')}")
    assert response.status_code == 403
    assert response.json() == {"error": "not_allowed", "reason": "This key lacks the scope write."}


def test_use_of_a_key_is_noted(key: Callable[..., str]) -> None:
    text = key("read")
    Client().post(EVENTS, "{", content_type="application/json", headers={"Authorization": f"Bearer {text}"})
    assert ApiKey.objects.get().last_used_at is not None


def test_a_session_needs_its_csrf_token(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    response = client.post(EVENTS, GOOD, content_type="application/json")
    assert response.status_code == 403
    assert "CSRF" in response.json()["reason"]


def test_an_unknown_path_and_a_wrong_verb_are_json() -> None:
    missing = Client().get("/api/v1/nothing/here")
    assert (missing.status_code, missing.json()["error"]) == (404, "not_found")
    verb = Client().delete(EVENTS)
    assert (verb.status_code, verb.json()["error"], verb["Allow"]) == (405, "method", "POST")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("segments/999999", "There is no such segment."),
        ("journeys/999999/draft", "There is no such journey."),
        ("scoring/models/nope", "There is no such score model."),
    ],
)
def test_what_is_not_there_is_said_in_words(admin: User, path: str, reason: str) -> None:
    client = Client()
    client.force_login(admin)
    answer = client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found", "reason": reason})


def test_a_body_that_is_no_json_is_called_so(admin: User) -> None:
    client = Client()
    client.force_login(admin)
    answer = client.post("/api/v1/segments", "{bad", content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, {"error": "malformed", "reason": "The body is not JSON."})


def test_the_help_of_the_command_keeps_its_examples_apart(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        Command().run_from_argv(["headwater", "api", "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert "Examples: headwater api GET '/contacts?q=kim'" in lines
    assert "          headwater api POST /events - < events.json" in lines


def test_the_openapi_document_is_3_1_and_describes_events() -> None:
    doc = Client().get("/api/openapi.json").json()
    assert doc["openapi"] == "3.1.0"
    assert doc["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}
    one, many = doc["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert "event" in one["required"]
    assert many["maxItems"] == 500


def test_every_operation_has_a_name_of_its_own_and_a_tag() -> None:
    doc = Client().get("/api/openapi.json").json()
    found = [o for verbs in doc["paths"].values() for o in verbs.values()]
    ids = [o["operationId"] for o in found]
    assert len(ids) == len(set(ids))
    assert [o["operationId"] for o in found if not o.get("tags")] == []


@pytest.mark.django_db(transaction=True)
def test_the_command_line_runs_the_same_operation(admin: User) -> None:
    out = StringIO()
    call_command("api", "POST", "/events", GOOD, stdout=out)
    assert json.loads(out.getvalue()) == {"accepted": 1}
    assert intake() == 1


@pytest.mark.django_db(transaction=True)
def test_the_command_line_ends_with_1_and_says_which_field_is_wrong(admin: User) -> None:
    err = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("api", "POST", "/events", '{"event": "x", "emial": "a@b.cd"}', stderr=err)
    assert stop.value.code == 1
    assert json.loads(err.getvalue())["errors"] == [{"index": 0, "field": "emial", "reason": "is unknown"}]
    assert intake() == 0


@pytest.mark.parametrize(
    ("role", "method", "path", "body", "status"),
    [
        ("sales", "DELETE", "/contacts/{id}?reason=request", None, 403),
        ("sales", "GET", "/contacts/{id}/everything", None, 403),
        ("sales", "POST", "/contacts/bulk", {"action": "erase", "ids": [1]}, 403),
        ("sales", "POST", "/sites", {"name": "x"}, 403),
        ("sales", "POST", "/templates", {}, 403),
        ("sales", "PATCH", "/forms/1", {}, 403),
        ("sales", "GET", "/users", None, 403),
        ("sales", "GET", "/sites", None, 200),
        ("sales", "GET", "/contacts/{id}", None, 200),
        ("marketer", "GET", "/contacts/{id}/everything", None, 200),
        ("marketer", "GET", "/health", None, 403),
        ("service", "POST", "/tickets", {"subject": "Import fails"}, 201),
        ("service", "POST", "/workspace/queues", {"name": "VIP"}, 403),
        ("service", "GET", "/queues", None, 200),
        ("admin", "POST", "/workspace/queues", {"name": "VIP"}, 201),
        ("admin", "GET", "/users", None, 200),
    ],
)
def test_the_api_asks_for_the_role_that_the_pages_ask_for(
    role: str, method: str, path: str, body: Any, status: int
) -> None:
    person = create_contact(email="ana@x.example", actor="system").pk
    client = Client()
    client.force_login(User.objects.create_user("r@x.example", "r@x.example", "pw", role=role))
    answer = client.generic(
        method, "/api/v1" + path.format(id=person), json.dumps(body) if body is not None else "", "application/json"
    )
    assert answer.status_code == status
