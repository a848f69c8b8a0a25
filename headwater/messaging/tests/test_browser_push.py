"""A marketer's own browser takes tests of push messages while she writes one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from headwater.accounts.models import Role, User, Workspace
from headwater.messaging.models import OwnBrowser
from tests.browser import launched

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
#: What a browser's push service gives it; no such service is asked in a test.
SUBSCRIBE = """() => { PushManager.prototype.subscribe = async () => ({toJSON: () => ({
  endpoint: "https://updates.push.services.mozilla.com/wpush/v2/abc",
  keys: {p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
         auth: "BTBZMqHH6r4Tts7J_aSIgg"}})}) }"""
REFUSE = '() => { PushManager.prototype.subscribe = async () => { throw new DOMException("no service") } }'


@pytest.fixture
def page(live_server: LiveServer, db: None) -> Iterator[Page]:
    Workspace.objects.update_or_create(pk=1, defaults={"name": "Northstar", "base_url": live_server.url})
    client = Client()
    client.force_login(User.objects.create(email="m@example.org", role=Role.MARKETER))
    with launched() as chromium:
        context = chromium.new_context(base_url=live_server.url, permissions=["notifications"])
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
        assert problems == []


def test_a_browser_of_ones_own_is_added_without_losing_what_is_typed(page: Page) -> None:
    page.goto("/mail/push/new/")
    page.get_by_label("Title").fill("Not saved yet")
    page.evaluate(REFUSE)
    page.get_by_role("button", name="Take tests in this browser").click()
    expect(page.locator("[data-push-own-problem]")).to_have_text(
        "The browser could not subscribe. "
        "Its push service may be out of reach, or this is a private window. (no service)"
    )
    page.evaluate(SUBSCRIBE)
    page.get_by_role("button", name="Take tests in this browser").click()
    expect(page.get_by_role("button", name="Send test")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Not saved yet")
    assert OwnBrowser.objects.get().endpoint == "https://updates.push.services.mozilla.com/wpush/v2/abc"
