"""A whole list chosen and changed in a real browser, watched, undone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from headwater.accounts.models import User
from headwater.core.setup import after_migrate
from headwater.people import actions
from headwater.people.actions import jobs
from headwater.people.models import Contact
from headwater.people.views import many
from tests.browser import Watch, launched, shoot


@pytest.mark.browser
def test_a_whole_list_is_tagged_watched_and_put_back(
    transactional_db: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in this thread
    monkeypatch.setattr(many, "AT_ONCE", 20)
    after_migrate()
    user = User.objects.create_user(username="r@demo.example", email="r@demo.example", role="admin")
    for n in range(60):
        actions.create_contact(actor="system", name=f"Person {n}", email=f"p{n}@northwind.example")
    client = Client()
    client.force_login(user)
    with launched() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.route("**/live?*", lambda route: route.abort())  # this server has no stream
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        watch = Watch(page)
        page.goto(f"{live_server.url}/people/")
        page.locator("[data-bulk-all]").check()
        expect(page.locator("[data-bulk-count]")).to_have_text("50")
        page.locator("[data-bulk-every]").click()
        expect(page.locator("[data-bulk-count]")).to_have_text("60")
        bar = page.locator("[data-bulk-bar]")
        bar.locator("summary", has_text="More").click()
        shoot(page, "people_bulk_bar")
        bar.get_by_role("button", name="Withdraw consent").click()
        dialog = page.locator("#dialog")
        dialog.get_by_text("60 people").wait_for()
        shoot(page, "people_bulk_dialog")
        page.keyboard.press("Escape")
        expect(page.locator("[data-bulk-count]")).to_have_text("60")
        bar.locator("summary").get_by_text("Tag", exact=True).click()
        bar.locator("[name=tag]").fill("spring")
        bar.get_by_role("button", name="Add").click()
        line = page.locator(".pp-job")
        expect(line).to_contain_text("Tag spring")
        shoot(page, "people_bulk_running")
        while jobs.run_once():
            pass
        expect(line).to_contain_text("60 people were changed")
        expect(page.locator("tbody .chip", has_text="spring")).to_have_count(50)
        line.get_by_role("button", name="Undo").click()
        expect(line).to_contain_text("of 60 put back")
        while jobs.run_once():
            pass
        expect(line).to_contain_text("Undone: 60 people were put back")
        assert not Contact.objects.exclude(tags=[]).exists()
        # few are changed at once, with Undo in the toast
        page.locator("tbody [name=ids]").first.check()
        bar.locator("summary").get_by_text("Stage", exact=True).click()
        bar.get_by_role("button", name="Customer", exact=True).click()
        page.get_by_text("1 person was changed.").wait_for()
        assert Contact.objects.filter(stage="customer").count() == 1
        page.get_by_role("button", name="Undo").first.click()
        expect(page.locator("tbody .chip", has_text="Customer")).to_have_count(0)
        page.goto(f"{live_server.url}/people/changes/")
        shoot(page, "people_changes")
        page.set_viewport_size({"width": 390, "height": 844})
        shoot(page, "people_changes_phone", themes=("light",))
        assert [p for p in watch.problems if "/live?" not in p] == []
