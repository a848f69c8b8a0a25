"""The list, a person's page, a field edited in place and news that arrive by themselves, in a real browser."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from headwater.accounts.models import User
from headwater.core.setup import after_migrate
from headwater.people import actions
from headwater.people.models import Contact
from headwater.timeline import actions as timeline
from headwater.timeline.actions import Custom
from tests.browser import Watch, launched, shoot


@pytest.fixture
def whole_database(transactional_db: Any) -> None:
    """A database that a live server sees too, with what every installation has."""
    after_migrate()


@pytest.mark.browser
def test_a_rep_finds_a_person_edits_her_in_place_and_sees_news(
    whole_database: None, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in this thread
    user = User.objects.create_user(username="r@demo.example", email="r@demo.example", first_name="Rafael")
    names = ["김지수", "Amelia Stone", "Wei Chen 陈伟", *(f"Person {n}" for n in range(60))]
    people = {
        name: actions.create_contact(actor="system", name=name, email=f"p{n}@northwind.example").pk
        for n, name in enumerate(names)
    }
    amelia = people["Amelia Stone"]
    client = Client()
    client.force_login(user)
    with launched() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.route("**/live?*", lambda route: route.abort())  # this server has no stream; the test tells the news
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        watch = Watch(page)

        page.goto(f"{live_server.url}/people/")
        page.get_by_role("button", name="Create person").click()
        page.locator("#dialog [name=email]").fill("P1@northwind.example")
        page.keyboard.press("Tab")
        page.locator("#alike", has_text="Amelia Stone").wait_for()
        page.keyboard.press("Escape")
        rows = page.locator("tbody [name=ids]")
        assert rows.count() == 50
        page.locator("td.more").scroll_into_view_if_needed()
        expect(rows).to_have_count(63)
        page.locator("#people-q").type("지수", delay=20)
        expect(rows).to_have_count(1)
        assert page.locator(".pp-name").inner_text().endswith("김지수")
        assert page.evaluate("document.activeElement.id") == "people-q"
        page.locator("#people-q").fill("amelia")
        page.locator(".pp-name", has_text="Amelia Stone").wait_for()
        expect(rows).to_have_count(1)
        page.locator("td .cellb").click()
        page.locator("td select[name=stage]").select_option("customer")
        page.locator("td .chip", has_text="Customer").wait_for()
        shoot(page, "people_list")
        page.locator(".pp-name").click()
        page.locator("h1", has_text="Amelia Stone").wait_for()

        page.get_by_role("button", name="Edit Job title").click()
        page.locator("#f-job_title input").fill("VP Marketing")
        page.keyboard.press("Enter")
        page.locator("#f-job_title bdi", has_text="VP Marketing").wait_for()
        page.get_by_role("button", name="Edit Email").focus()  # by keyboard
        page.keyboard.press("Enter")
        page.locator("#f-email input").fill("no address")
        page.keyboard.press("Enter")
        page.locator("#f-email [role=alert]", has_text="An e-mail address needs an @ sign.").wait_for()
        page.keyboard.press("Escape")
        page.locator("#f-email a", has_text="p1@northwind.example").wait_for()
        page.get_by_role("button", name="Edit City").click()
        page.locator("#f-city input").fill("Seoul")
        page.locator("h1").click()  # leaving the field saves
        page.locator("#f-city bdi", has_text="Seoul").wait_for()
        contact = Contact.objects.get(pk=amelia)
        assert (contact.job_title, contact.city, contact.stage) == ("VP Marketing", "Seoul", "customer")

        before = page.locator("[data-kind='contact.updated']").count()
        actions.add_tags([amelia], ["begun"], actor="system")
        timeline.record(amelia, Custom("acme.begun", {"plan": "pro"}), id=uuid.uuid4())
        page.evaluate(f"document.body.dispatchEvent(new CustomEvent('live:person:{amelia}'))")
        page.locator("[data-kind='acme.begun']").wait_for()
        expect(page.locator("#f-tags .chip", has_text="begun")).to_have_count(1)  # the properties follow too
        assert page.locator(".ev").first.get_attribute("data-kind") == "acme.begun"
        assert page.locator("[data-kind='contact.updated']").count() == before + 2
        page.get_by_role("button", name="Sales", exact=True).click()
        expect(page.locator("[data-kind='acme.begun']")).to_have_count(0)
        assert page.locator(".ev").first.get_attribute("data-kind") == "stage.changed"
        shoot(page, "people_record")
        page.set_viewport_size({"width": 390, "height": 844})
        for path in ("/people/", f"/people/{amelia}/", "/companies/"):
            page.goto(live_server.url + path)
            assert page.evaluate("document.documentElement.scrollWidth") == 390, path
        assert [p for p in watch.problems if "/live" not in p and "ERR_FAILED" not in p and "422" not in p] == []
