"""Who asks: a marketer, by a client of the tests and in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page

from headwater.accounts.models import User
from headwater.audience import actions
from tests.browser import Watch, launched


@pytest.fixture
def client() -> Client:
    user = User.objects.create_user(username="m@x.test", email="m@x.test", password="x", role="marketer")
    out = Client()
    out.force_login(user)
    return out


@pytest.fixture
def page(live_server: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A browser in which she is signed in; the page must not complain of anything."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    actions.ensure_defaults()
    with launched() as browser:
        context = browser.new_context(base_url=live_server.url)
        cookie = {"name": "sessionid", "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
        context.add_cookies([{**cookie, "url": live_server.url}])
        context.route("**/live?*", lambda route: route.fulfill(content_type="text/event-stream", body=""))
        page = context.new_page()
        watch = Watch(page)
        yield page
        assert watch.problems == []
