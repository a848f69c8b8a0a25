"""The segment editor in a real browser: conditions are added, previewed while typing, saved, and edited again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from headwater.accounts.models import User
from headwater.audience import actions
from headwater.audience.models import Segment
from tests.browser import Watch, launched

from .helpers import person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_segment_is_put_together_without_json(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    user = User.objects.create_user(username="m@x.test", email="m@x.test", password="x", role="marketer")
    client = Client()
    client.force_login(user)
    person(name="Ana", tags=["vip"], country="KR")
    person(name="Ben", country="KR")
    person(name="Cleo", country="DE")
    actions.ensure_defaults()
    with launched() as browser:
        context = browser.new_context()
        cookie = {"name": "sessionid", "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
        context.add_cookies([{**cookie, "url": live_server.url}])
        page = context.new_page()
        watch = Watch(page)
        page.goto(f"{live_server.url}/segments/new/")
        preview = page.locator("#segment-preview")
        preview.locator("b", has_text="3").wait_for()

        def add(kind: str, group: int = 0) -> None:
            foot = page.locator(".sg").nth(group).locator("> .sg-foot")
            foot.get_by_text("Condition", exact=True).click()
            foot.locator(".menu-list").get_by_text(kind, exact=True).click()

        page.get_by_label("Name", exact=True).fill("Koreans")
        add("Contact or company field")
        page.get_by_label("Value", exact=True).fill("KR")
        preview.locator("b", has_text="2").wait_for()
        add("Tag")
        page.get_by_label("Tag", exact=True).fill("vip")
        preview.locator("b", has_text="1").wait_for()
        page.locator(".sg-row").nth(1).get_by_label("Operator").select_option(label="has not")
        preview.get_by_text("Ben", exact=True).wait_for()
        page.locator(".sg > .sg-foot").get_by_text("Group", exact=True).click()
        add("Behaviour", 1)
        page.locator(".sg-row").nth(2).get_by_label("Number").last.fill("0")
        page.locator(".sg-row.bad").or_(preview.locator("b", has_text="0")).first.wait_for()
        page.locator(".sg-row").nth(2).get_by_label("Remove").click()
        page.locator(".sg").nth(1).get_by_label("Remove").click()
        preview.locator("b", has_text="1").wait_for()
        page.get_by_role("button", name="Save").click()
        page.wait_for_url(re.compile(r"/segments/\d+/$"))
        saved = Segment.objects.get()
        assert saved.pending == {
            "all": [{"field": "contact.country", "op": "eq", "value": "KR"}, {"not": {"tag": "vip"}}]
        }
        page.goto(f"{live_server.url}/segments/{saved.pk}/edit/")
        preview.locator("b", has_text="1").wait_for()
        assert page.get_by_label("Value", exact=True).input_value() == "KR"
        assert watch.problems == []
