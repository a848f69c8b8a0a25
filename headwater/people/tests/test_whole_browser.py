"""Doubles compared side by side, merged, parted; a person erased after a question: in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from headwater.accounts.models import User
from headwater.core.setup import after_migrate
from headwater.people import actions
from headwater.people.actions import doubles
from headwater.people.models import Contact
from tests.browser import Watch, launched, shoot


@pytest.mark.browser
def test_doubles_are_merged_parted_and_somebody_is_erased(
    transactional_db: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in this thread
    after_migrate()
    user = User.objects.create_user(username="r@demo.example", email="r@demo.example", role="admin")
    phone = "+491701234567"
    given = {"name": "Amelia Stone", "email": "amelia@northwind.example", "phone": phone, "city": "Berlin"}
    one = actions.create_contact(actor="system", job_title="Head of IT", company="Northwind Retail", **given).pk
    other = {"name": "A. Stone", "email": "amelia.stone@mail.example", "phone": phone, "city": "Hamburg"}
    two = actions.create_contact(actor="system", tags=["vip"], **other).pk
    for n, name in enumerate(("Wei Chen", "Chen Wei", "김지수", "김지수")):
        actions.create_contact(actor="system", name=name, email=f"p{n}@gmail.com")
    doubles.search_once()
    client = Client()
    client.force_login(user)
    with launched() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.route("**/live?*", lambda route: route.abort())  # this server has no stream
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        watch = Watch(page)
        page.goto(f"{live_server.url}/people/duplicates/")
        expect(page.locator(".pp-pair")).to_have_count(3)
        shoot(page, "people_duplicates")
        page.locator(".pp-pair", has_text="Chen").get_by_role("button", name="Not a duplicate").click()
        expect(page.locator(".pp-pair")).to_have_count(2)
        page.locator(".pp-pair", has_text="Amelia").get_by_role("link", name="Compare and merge").click()
        page.locator(f"[name=keep-city][value='{two}']").check()
        shoot(page, "people_merge")
        page.set_viewport_size({"width": 390, "height": 844})
        shoot(page, "people_merge_phone", themes=("light",))
        page.set_viewport_size({"width": 1440, "height": 900})
        page.locator("form.pp-merge button[type=submit]").click()
        page.get_by_text("Amelia Stone is one contact now.").wait_for()
        assert list(Contact.objects.filter(pk__in=[one, two]).values_list("pk", "city", "tags")) == [
            (one, "Hamburg", ["vip"])
        ]
        shoot(page, "people_merged")
        page.goto(f"{live_server.url}/people/{two}/")
        expect(page).to_have_url(re.compile(f"/people/{one}/$"))
        page.get_by_role("button", name="Separate again").click()
        page.get_by_text("They are two contacts again.").wait_for()
        expect(page).to_have_url(re.compile(f"/people/{two}/$"))
        page.locator("summary[aria-label='More about this person']").click()
        shoot(page, "people_record_menu", themes=("light",))
        page.get_by_role("button", name="Merge with another contact").click()
        page.locator("#merge-q").fill("amelia")
        page.locator("#merge-found a", has_text="Amelia Stone").wait_for()
        shoot(page, "people_merge_with", themes=("light",))
        page.locator("#dialog [data-close]").first.click()
        page.locator("summary[aria-label='More about this person']").click()
        page.get_by_role("button", name="Erase this person").click()
        page.locator("#erase-reason").fill("The person asked for it")
        shoot(page, "people_erase")
        page.get_by_role("button", name="Erase for ever").click()
        page.get_by_text("Erased everywhere.").wait_for()
        assert not Contact.objects.filter(pk=two).exists()
        assert [p for p in watch.problems if "/live?" not in p] == []
