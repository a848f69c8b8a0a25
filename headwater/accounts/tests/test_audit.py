"""The audit log in words."""

from __future__ import annotations

import pytest
from django.test import Client

from headwater.accounts import actions, queries
from headwater.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> User:
    made = User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin", first_name="Ada")
    client.force_login(made)
    return made


def test_it_says_what_changed_in_words_and_not_in_codes(client: Client, admin: User) -> None:
    who = f"user:{admin.pk}"
    actions.audit("user.changed", "bo@x.example", actor=who, before={"role": "sales"}, after={"role": "admin"})
    actions.audit("user.changed", "bo@x.example", actor=who, before={"takes_leads": False}, after={"takes_leads": True})
    actions.audit("key.created", "Shop", actor="system", after={"scopes": ["events:write", "read"], "prefix": ""})
    page = client.get("/settings/audit/").content.decode()
    assert 'Role: <s class="faint"><bdi>Sales</bdi></s> → <bdi>Administrator</bdi>' in page
    assert 'Takes leads: <s class="faint"><bdi>No</bdi></s> → <bdi>Yes</bdi>' in page
    assert "Begins with: <bdi>–</bdi>; It may: <bdi>Send events, Read everything</bdi>" in page
    assert "<bdi>Ada</bdi>" in page
    assert "<bdi>Headwater</bdi>" in page
    for code in ("takes_leads", ">user.changed<", "events:write", ">system<", "True"):
        assert code not in page


def test_an_action_without_words_stands_as_it_is(client: Client, admin: User) -> None:
    actions.audit("plugin.did", "x", actor="api:99", after={"deep_field": 3})
    page = client.get("/settings/audit/").content.decode()
    assert 'title="plugin.did">plugin.did</td>' in page
    assert "deep_field: <bdi>3</bdi>" in page
    assert "<bdi>api:99</bdi>" in page


def test_actors_have_names(admin: User) -> None:
    key = actions.create_api_key(name="Shop", scopes=["read"], actor=admin)[0]
    asked = [f"user:{admin.pk}", f"api:{key.pk}", "system", "demo", "api:0", "user:0"]
    assert queries.actor_names(asked) == {
        f"user:{admin.pk}": "Ada",
        f"api:{key.pk}": "API key Shop",
        "system": "Headwater",
        "demo": "Demo",
        "api:0": "api:0",
        "user:0": "user:0",
    }
