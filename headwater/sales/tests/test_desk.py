"""The clock of the hand-over is a setting, and the audit log says who moved it."""

from __future__ import annotations

import pytest
from django.test import Client

from headwater.accounts.models import AuditEntry, User
from headwater.sales import queries

pytestmark = pytest.mark.django_db


def test_who_moves_the_clock_stands_in_the_audit_log_once(client: Client) -> None:
    admin = User.objects.create_user("a@x.example", "a@x.example", "pw", role="admin", first_name="Ada")
    client.force_login(admin)
    for _again in range(2):
        assert client.post("/settings/hand-over/", {"sla_minutes": "30"}).status_code == 302
    assert client.post("/settings/hand-over/", {"sla_minutes": "0"}).status_code == 200
    assert queries.sla_minutes() == 30
    row = AuditEntry.objects.get()
    assert (row.actor, row.action, row.before, row.after) == (
        f"user:{admin.pk}", "desk.changed", {"sla_minutes": 60}, {"sla_minutes": 30},
    )  # fmt: skip
    page = client.get("/settings/audit/").content.decode()
    assert "Hand-over clock changed" in page
    assert 'Minutes to answer a lead: <s class="faint"><bdi>60</bdi></s> → <bdi>30</bdi>' in page
