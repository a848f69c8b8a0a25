"""Who put which address on the list, and templates that come back from the archive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import AuditEntry, User
from headwater.messaging import actions, queries
from headwater.messaging.models import MailTemplate, Suppression
from headwater.messaging.rules.tokens import masked

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> User:
    made = User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin", first_name="Ada")
    client.force_login(made)
    return made


def log() -> list[tuple[Any, ...]]:
    return list(AuditEntry.objects.order_by("id").values_list("actor", "action", "subject", "before", "after"))


def test_each_edit_of_the_suppression_list_is_noted_without_the_address(client: Client, admin: User) -> None:
    address = {"email": "Ana.Lima@example.org"}
    for _again in range(2):  # the second time changes nothing
        assert client.post("/settings/mail/suppress/", address).status_code == 302
    assert client.post("/settings/mail/suppress/", {**address, "lift": "1"}).status_code == 302
    page = client.post("/settings/mail/suppress/", {**address, "lift": "1"}, follow=True).content.decode()
    assert "Ana.Lima@example.org is not on the list." in page or "ana.lima@example.org is not on the list." in page
    who = f"user:{admin.pk}"
    assert [(a, w, b, n) for a, w, s, b, n in log()] == [
        (who, "mail.suppressed", {}, {"reason": "manual"}),
        (who, "mail.released", {"reason": "manual"}, {}),
    ]
    assert {s.lower() for _a, _w, s, _b, _n in log()} == {"a…@example.org"}
    shown = client.get("/settings/audit/").content.decode()
    assert "Address put on the suppression list" in shown
    assert "Address taken off the suppression list" in shown
    assert "mail.suppressed</" not in shown


def test_an_address_that_bounced_stays_so_and_nothing_is_noted(admin: User) -> None:
    actions.suppress("bo@example.org", reason="bounce", actor="system")
    actions.suppress("bo@example.org", reason="manual", actor="system")
    assert Suppression.objects.get().reason == "bounce"
    assert [(w, n) for _a, w, _s, _b, n in log()] == [("mail.suppressed", {"reason": "bounce"})]


def test_a_wrong_address_leaves_the_limit_as_it_stands(client: Client, admin: User) -> None:
    actions.set_policy(cap_mails=3, cap_days=14, actor="system")
    page = client.post("/settings/mail/suppress/", {"email": "nobody"}).content.decode()
    assert 'value="nobody"' in page
    assert 'name="cap_mails" value="3"' in page
    assert 'name="cap_days" value="14"' in page


@pytest.mark.parametrize(
    "email, kept", [("ana@example.org", "a…@example.org"), ("x", "…x"), (" é@b.example ", "é…@b.example")]
)
def test_a_log_keeps_the_first_letter_and_the_domain(email: str, kept: str) -> None:
    assert masked(email) == kept


def test_an_archived_template_is_found_and_brought_back(
    client: Client, admin: User, template: Callable[..., MailTemplate]
) -> None:
    made = template("Spring news")
    client.post(f"/mail/templates/{made.pk}/archive/")
    assert "Spring news" not in client.get("/mail/templates/").content.decode()
    assert "Spring news" in client.get("/mail/templates/?archived=1").content.decode()
    page = client.get(f"/mail/templates/{made.pk}/").content.decode()
    assert f'action="/mail/templates/{made.pk}/restore/"' in page
    assert f'action="/mail/templates/{made.pk}/archive/"' not in page
    done = client.post(f"/mail/templates/{made.pk}/restore/", follow=True)
    assert "Template is in use again." in done.content.decode()
    assert [t.pk for t in queries.templates()] == [made.pk]
    assert "No template is archived" in client.get("/mail/templates/?archived=1").content.decode()
    assert client.post("/mail/templates/99999/restore/").status_code == 404


def test_who_may_not_write_templates_may_not_bring_them_back(
    client: Client, template: Callable[..., MailTemplate]
) -> None:
    made = template("Spring news")
    actions.archive_template(made.pk, actor="system")
    client.force_login(User.objects.create_user("s@x.example", "s@x.example", "pw", role="sales"))
    assert client.post(f"/mail/templates/{made.pk}/restore/").status_code == 403
    assert "restore/" not in client.get("/mail/templates/?archived=1").content.decode()
