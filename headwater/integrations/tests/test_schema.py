"""Schemathesis reads the OpenAPI document and asks key operations nonsense: an answer is never a 500, always JSON."""

from __future__ import annotations

import json

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.accounts.models import User

pytestmark = pytest.mark.django_db
OPERATIONS = [
    ("GET", "/api/v1/contacts"),
    ("POST", "/api/v1/contacts"),
    ("GET", "/api/v1/contacts/{pk}/timeline"),
    ("PATCH", "/api/v1/contacts/{pk}"),
    ("POST", "/api/v1/deals"),
    ("GET", "/api/v1/tickets"),
    ("POST", "/api/v1/tickets"),
    ("PATCH", "/api/v1/tickets/{ticket_id}"),
    ("POST", "/api/v1/tickets/{ticket_id}/reply"),
    ("POST", "/api/v1/workspace/queues"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nonsense_is_answered_in_json_and_never_with_a_500(method: str, path: str) -> None:
    user = User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin")
    client = Client(raise_request_exception=False)
    client.force_login(user)
    document = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
    operation = document[path][method]

    @given(data=st.data())
    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy())
        body = case.as_transport_kwargs(base_url="http://testserver")
        url = body["url"].removeprefix("http://testserver")
        response = client.generic(
            method,
            url,
            data=json.dumps(body.get("json")) if "json" in body else b"",
            content_type="application/json",
            query_params=body.get("params") or None,
        )
        assert response.status_code < 500, response.content
        assert response["Content-Type"].startswith("application/json")

    ask()
