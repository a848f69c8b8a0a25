"""Sites are settings: who made or changed one stands in the audit log."""

from __future__ import annotations

import pytest

from headwater.accounts.models import AuditEntry
from headwater.capture.actions import create_site, update_site
from headwater.capture.rules.forms import Invalid

pytestmark = pytest.mark.django_db


def test_each_change_of_a_site_is_noted_once() -> None:
    site = create_site(name="Shop", actor="user:1", allowed_origins=["https://shop.example"])
    for _again in range(2):
        update_site(site.pk, actor="user:2", active=False)
    with pytest.raises(Invalid):
        update_site(site.pk, actor="user:2", name=" ")
    rows = AuditEntry.objects.order_by("id")
    whole = {"name": "Shop", "allowed_origins": ["https://shop.example"], "active": True, "count_automated": False}
    whole |= {"push": False, "push_prompt": {}}
    assert [(r.actor, r.action, r.subject, r.before, r.after) for r in rows] == [
        ("user:1", "site.created", "Shop", {}, whole),
        ("user:2", "site.changed", "Shop", {"active": True}, {"active": False}),
    ]
