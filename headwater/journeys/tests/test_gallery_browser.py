"""The gallery in a real browser: found, looked at, installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from headwater.core.setup import after_migrate
from headwater.journeys.gallery import templates
from headwater.journeys.models import Journey
from tests.browser import launched, shoot

from .test_canvas import complaints, opened, person

pytestmark = pytest.mark.browser


@pytest.fixture
def whole_database(transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database that a live server sees too; what every installation has is put back afterwards."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in this thread
    after_migrate()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def test_a_template_is_found_looked_at_and_installed(whole_database: Any, live_server: Any, browser: Browser) -> None:
    maria = person("Maria")
    page, watch = opened(browser, live_server, maria)
    page.goto(f"{live_server.url}/journeys/gallery/")
    expect(page.locator(".jv-card")).to_have_count(len(templates()))
    shoot(page, "gallery")
    page.get_by_role("link", name="Decision").click()
    expect(page.locator(".jv-card")).to_have_count(2)
    page.get_by_label("Find a template").fill("paid")
    expect(page.locator(".jv-card")).to_have_count(1)
    page.get_by_role("link", name="Trial to paid").first.click()
    expect(page.locator(".jv-still")).to_have_count(len(templates()["trial-to-paid"].graph["steps"]) + 1)
    mail = page.frame_locator("iframe").first
    page.locator("iframe").first.scroll_into_view_if_needed()
    expect(mail.get_by_text("Your trial has begun")).to_be_visible()
    shoot(page, "gallery_mails", themes=("light",))
    page.goto(page.url)
    page.locator(".jv-code").first.wait_for()
    shoot(page, "gallery_template")
    page.get_by_role("button", name="Use this template").click()
    page.locator("#dialog[open]").get_by_label("Address of your application").fill("/app")
    shoot(page, "gallery_install")
    page.get_by_role("button", name="Create journey").click()
    page.locator("[data-step=start]").wait_for()
    assert Journey.objects.get().gallery == "trial-to-paid"
    assert complaints(watch) == []
    phone, watch = opened(browser, live_server, maria, 390, 844)
    for name, path in (("gallery_mobile", ""), ("gallery_template_mobile", "nps/?language=ko")):
        phone.goto(f"{live_server.url}/journeys/gallery/{path}")
        phone.locator("h1").wait_for()
        shoot(phone, name, themes=("light",))
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints(watch) == []
