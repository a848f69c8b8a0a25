"""Users, teams, keys and the workspace: who may change what, what is written down, what is refused."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from headwater.accounts import actions, queries, rules
from headwater.accounts.models import ApiKey, AuditEntry, Role, Team, User, Workspace
from headwater.core import actors

pytestmark = pytest.mark.django_db


def make(email="ada@example.com", role=Role.ADMIN, **fields):
    user = User(email=email, username=email, role=role, **fields)
    user.set_password("long enough 1")
    user.save()
    return user


@pytest.fixture
def admin(client):
    user = make()
    client.force_login(user)
    return user


def test_the_first_visit_leads_to_the_page_that_makes_the_first_administrator(client):
    assert client.get("/accounts/login/").headers["Location"] == "/welcome/"
    answer = client.post(
        "/welcome/",
        {
            "company": "Acme", "first_name": "Ada", "last_name": "Min",
            "email": "Ada@Example.com", "password": "correct horse 9",
        },
        headers={"host": "localhost:8171"},
    )  # fmt: skip
    assert answer.status_code == 302
    user = User.objects.get()
    assert (user.email, user.role, user.check_password("correct horse 9")) == ("ada@example.com", "admin", True)
    made = Workspace.objects.get()
    assert (made.name, made.base_url) == ("Acme", "http://localhost:8171")  # where links in mails lead
    assert client.get("/settings/").status_code == 200
    client.logout()
    assert client.get("/welcome/").headers["Location"] == "/accounts/login/"


def test_a_second_first_administrator_is_refused():
    make()
    with pytest.raises(actions.Refused):
        actions.create_first_admin(email="b@example.com", password="x", first_name="", last_name="", company="B")
    assert User.objects.count() == 1


def test_nobody_signs_up_by_himself(client):
    make()
    answer = client.post("/accounts/signup/", {"email": "eve@example.com", "password1": "correct horse 9"})
    assert answer.status_code == 200
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", ["workspace", "users", "invite", "teams", "keys", "audit"])
def test_only_administrators_see_the_settings_of_the_company(client, name):
    client.force_login(make("sam@example.com", Role.SALES))
    assert client.get(reverse(f"accounts:{name}")).status_code == 403
    client.force_login(make("root@example.com"))
    assert client.get(reverse(f"accounts:{name}")).status_code == 200


def test_an_invited_user_sets_her_password_with_the_link(client, admin):
    answer = client.post(
        "/settings/users/invite/", {"email": "Mia@Example.com", "first_name": "Mia", "role": "marketer"}
    )
    link = re.search(r'href="/accounts/password|(/accounts/password/reset/key/[^<"]+)', answer.content.decode())
    user = User.objects.get(email="mia@example.com")
    assert not user.has_usable_password()
    client.logout()
    form = client.get(link.group(1), follow=True)
    done = client.post(form.request["PATH_INFO"], {"password1": "quite a secret 5", "password2": "quite a secret 5"})
    assert done.status_code == 302
    user.refresh_from_db()
    assert user.check_password("quite a secret 5")
    entry = AuditEntry.objects.get(action="user.invited")
    assert (entry.actor, entry.subject, entry.after["role"]) == (actors.user(admin.pk), "mia@example.com", "marketer")


def test_an_address_is_invited_once(client, admin):
    form = {"email": "ADA@example.com", "role": "sales"}
    answer = client.post("/settings/users/invite/", form)
    assert "A user with this address exists already." in answer.content.decode()
    assert User.objects.count() == 1


def test_the_last_administrator_can_be_neither_deactivated_nor_demoted(client, admin):
    client.post(f"/settings/users/{admin.pk}/active/", {"active": "0"})
    client.post(f"/settings/users/{admin.pk}/", {"role": "sales"})
    admin.refresh_from_db()
    assert (admin.is_active, admin.role) == (True, "admin")
    assert AuditEntry.objects.count() == 0


def test_a_deactivated_user_is_out_at_once(client, admin, django_user_model):
    from django.test import Client

    other = make("sam@example.com", Role.SALES)
    session = Client()
    session.force_login(other)
    assert session.get("/settings/profile/").status_code == 200
    client.post(f"/settings/users/{other.pk}/active/", {"active": "0"})
    assert session.get("/settings/profile/").status_code == 302
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"active": True}, {"active": False})


def test_a_key_is_shown_once_and_only_its_hash_is_kept(client, admin):
    page = client.post("/settings/keys/", {"name": "Shop", "scopes": ["read", "events:write"]}).content.decode()
    key = re.search(r"hw_[\w-]{40}", page).group()
    row = ApiKey.objects.get()
    assert (row.digest, row.prefix, row.scopes) == (actions.key_digest(key), key[:10], ["events:write", "read"]) or (
        row.scopes == ["read", "events:write"]
    )
    assert key not in client.get("/settings/keys/").content.decode()
    assert actions.use_api_key(key=key) == row
    client.post(f"/settings/keys/{row.pk}/revoke/")
    assert actions.use_api_key(key=key) is None
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["key.created", "key.revoked"]


def test_a_key_needs_a_purpose_and_known_scopes(client, admin):
    page = client.post("/settings/keys/", {"name": "", "scopes": ["everything"]}).content.decode()
    assert page.count('class="err"') == 2
    assert ApiKey.objects.count() == 0


def test_teams_have_unique_names_and_leave_their_members(client, admin):
    client.post("/settings/teams/", {"name": "Inbound"})
    team = Team.objects.get()
    actions.change_user(admin.pk, actor="system", team=team)
    assert "exists already" in client.post("/settings/teams/", {"name": "Inbound"}).content.decode()
    client.post(f"/settings/teams/{team.pk}/", {"name": "Outbound"})
    assert queries.teams().values_list("name", "size").get() == ("Outbound", 1)
    client.post(f"/settings/teams/{team.pk}/delete/")
    admin.refresh_from_db()
    assert (admin.team, Team.objects.count()) == (None, 0)


def test_changes_of_the_workspace_are_audited_field_by_field(client, admin):
    actions.ensure_workspace()
    form = {
        "name": "Acme", "base_url": "https://crm.acme.example/", "language": "ko", "time_zone": "Asia/Seoul",
        "currency": "KRW", "website": "", "mail_from_name": "", "mail_from": "", "postal_address": "",
    }  # fmt: skip
    assert client.post("/settings/workspace/", form).status_code == 302
    assert queries.workspace().base_url == "https://crm.acme.example"
    assert AuditEntry.objects.get().after["currency"] == "KRW"
    page = client.get("/settings/audit/").content.decode()
    assert "Workspace changed" in page


@pytest.mark.parametrize("url", ["crm", "javascript:alert(1)", "ftp://x.example", ""])
def test_an_address_that_is_none_is_refused_next_to_its_field(client, admin, url):
    form = {"name": "A", "base_url": url, "language": "en", "time_zone": "UTC", "currency": "USD"}
    page = client.post("/settings/workspace/", form)
    assert page.status_code == 200
    assert 'id="id_base_url_error"' in page.content.decode()


def test_language_and_theme_follow_the_user(client, admin):
    client.post("/preferences/language/", {"language": "ko", "next": "/settings/"})
    client.post("/preferences/theme/", {"theme": "dark"})
    page = client.get("/settings/").content.decode()
    assert '<html lang="ko" dir="ltr" class="dark" data-theme="dark"' in page
    del client.cookies["sessionid"]
    assert '<html lang="ko" dir="ltr" class="dark"' in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize(
    "path, form",
    [("/preferences/theme/", {"theme": "pink"}), ("/preferences/language/", {"language": "tlh"})],
)
def test_unknown_preferences_are_refused(client, admin, path, form):
    assert client.post(path, form).status_code == 400


def test_the_language_menu_leads_nowhere_else(client, admin):
    answer = client.post("/preferences/language/", {"language": "en", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


def test_the_list_of_users_costs_the_same_for_two_and_for_many(client, admin, django_assert_num_queries):
    make("b@example.com", Role.SALES)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        client.get("/settings/users/")
    for n in range(20):
        make(f"u{n}@example.com", Role.SALES)
    with django_assert_num_queries(len(few)):
        client.get("/settings/users/")


def test_only_what_changed_is_a_difference():
    assert rules.difference({"a": 1, "b": 2}, {"a": 1, "b": 3}) == ({"b": 2}, {"b": 3})


def test_admin_covers_every_scope():
    assert rules.covers(["admin"], "write")
    assert not rules.covers(["read"], "write")


@pytest.mark.django_db
def test_colleagues_are_those_who_can_sign_in_by_name():
    make("b@example.com", first_name="Bea", last_name="Vu", hue=25)
    make("a@example.com")
    make("gone@example.com", is_active=False)
    assert [(c.name, c.initials, c.hue) for c in queries.colleagues()] == [
        ("a@example.com", "A@", 265),
        ("Bea Vu", "BV", 25),
    ]
