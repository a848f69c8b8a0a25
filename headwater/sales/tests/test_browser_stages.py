"""Stages of a pipeline in a real browser: dragged, moved by keyboard, added and archived in dialogs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from headwater.accounts.models import User
from headwater.sales import actions
from headwater.sales.models import PipelineStage
from tests.browser import Watch, launched

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def page(live_server: Any, settings: Any) -> Iterator[Page]:
    settings.ALLOWED_HOSTS = ["*"]
    User.objects.create_user("ada@desk.example", "ada@desk.example", "headwater-1", first_name="Ada", role="admin")
    with launched() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(f"{live_server.url}/accounts/login/")
        page.fill("[name=login]", "ada@desk.example")
        page.fill("[name=password]", "headwater-1")
        page.press("[name=password]", "Enter")
        page.wait_for_url(f"{live_server.url}/")
        yield page


def names() -> list[str]:
    return list(PipelineStage.objects.filter(archived_at=None).values_list("name", flat=True))


def test_stages_are_put_in_order_by_mouse_and_keyboard_and_archived_with_a_target(live_server: Any, page: Page) -> None:
    sales = actions.ensure_pipeline()
    watch = Watch(page)
    page.goto(f"{live_server.url}/settings/pipelines/{sales.pk}/")
    rows = page.locator("sales-stages tbody tr")
    expect(rows).to_have_count(6)
    page.wait_for_function("document.querySelector('sales-stages').sortable")
    grip = rows.filter(has_text="Proposal").locator(".sl-handle")
    grip.hover()
    page.mouse.down()
    to = rows.first.bounding_box()
    assert to is not None
    page.mouse.move(to["x"] + 20, to["y"] + 20, steps=6)
    page.mouse.move(to["x"] + 20, to["y"] + 3, steps=4)
    with page.expect_response("**/order/"):
        page.mouse.up()
    expect(rows.first).to_contain_text("Proposal")
    assert names() == ["Proposal", "Lead", "Qualified", "Negotiation", "Won", "Lost"]
    down = page.get_by_role("button", name="Move Proposal down")
    down.focus()
    with page.expect_response("**/order/"):
        page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("Lead")
    expect(page.get_by_role("button", name="Move Proposal down")).to_be_focused()
    expect(rows.first.get_by_role("button", name="Move Lead up")).to_be_disabled()
    page.get_by_role("button", name="Add stage").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Pilot")
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    expect(rows.filter(has_text="Pilot")).to_have_count(1)
    page.get_by_role("button", name="Archive Pilot").click()
    page.get_by_label("Its deals go to").select_option("Lead")
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    expect(rows.filter(has_text="Pilot")).to_have_count(0)
    assert names() == ["Lead", "Proposal", "Qualified", "Negotiation", "Won", "Lost"]
    assert [p for p in watch.problems if "/live?" not in p] == []  # the test server has no streams
