"""Sites are settings: who made or changed one stands in the audit log."""

from __future__ import annotations

import pytest

from headwater.accounts.models import AuditEntry
from headwater.capture.actions import create_site, update_site
from headwater.capture.actions.sites import clean_origins
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


@pytest.mark.parametrize(
    "typed,kept",
    [
        ("https://Shop.Example/de/?a=1#b", "https://shop.example"),
        ("HTTPS://shop.example:443", "https://shop.example"),
        ("http://shop.example:80/", "http://shop.example"),
        ("http://localhost:9000/index.html", "http://localhost:9000"),
        ("shop.example/path", "https://shop.example"),
        ("https://*.shop.example/", "https://*.shop.example"),
        ("münchen.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(typed: str, kept: str) -> None:
    assert clean_origins([typed, ""]) == [kept]


@pytest.mark.parametrize("typed", ["no spaces here", "ftp://shop.example", "https://", "https://a:b@shop.example"])
def test_what_is_no_origin_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_origins([typed])
    assert refused.value.errors == {"allowed_origins": f"{typed} is not an origin; write https://www.example.com"}
