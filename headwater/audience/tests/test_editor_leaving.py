"""Leaving the segment editor: what was not saved is asked for, and who saves at once saves what she saw."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route

from headwater.audience import actions

from .editing import count, people

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_who_goes_away_with_changes_is_asked_first(page: Page) -> None:
    people()
    s = actions.create_segment(name="S", definition={"tag": "vip"}, actor="user:1")
    page.goto(f"/segments/{s.pk}/edit/")
    count(page, 1)
    contacts, leave = page.locator("#side-nav a[href='/people/']"), page.locator("dialog#leave")
    page.get_by_label("Tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill("nobody")
    count(page, 0)
    contacts.click()
    leave.get_by_role("button", name="Stay here").click()
    assert (page.get_by_label("Tag", exact=True).input_value(), leave.is_visible()) == ("nobody", False)
    page.get_by_label("Tag", exact=True).fill("vip")  # as it was: there is nothing to lose
    count(page, 1)
    contacts.click()
    page.wait_for_url("**/people/")
    page.goto(f"/segments/{s.pk}/edit/")
    count(page, 1)
    page.get_by_label("Name").click()
    page.get_by_label("Name").fill("Another name")
    contacts.click()
    leave.get_by_role("button", name="Leave").click()
    page.wait_for_url("**/people/")
    s.refresh_from_db()
    assert s.name == "S"
    page.goto(f"/segments/{s.pk}/edit/")
    page.get_by_label("Name").click()
    page.get_by_label("Name").fill("Saved")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/segments/\d+/$"))
    s.refresh_from_db()
    assert s.name == "Saved"


@pytest.mark.parametrize("late", ["**/conditions/element*.js*", "**/api/v1/segments/palette*"])
def test_who_saves_before_the_editor_has_loaded_keeps_the_conditions(page: Page, late: str) -> None:
    people()
    s = actions.create_segment(name="S", definition={"tag": "vip"}, actor="user:1")
    held: list[Route] = []
    page.route(late, lambda route: held.append(route))
    page.goto(f"/segments/{s.pk}/edit/", wait_until="commit")
    page.get_by_label("Name").fill("Saved")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/segments/\d+/$"), wait_until="commit")  # the script is still on its way
    s.refresh_from_db()
    assert (s.name, s.definition, len(held)) == ("Saved", {"tag": "vip"}, 1)


def test_conditions_that_load_after_the_first_key_are_no_change(page: Page) -> None:
    people()
    loose = {"all": [{"event": "page.viewed", "count": {"op": "gte", "value": 1}, "within": "7d"}]}
    s = actions.create_segment(name="S", definition=loose, actor="user:1")
    held: list[Route] = []
    page.route("**/api/v1/segments/palette*", lambda route: held.append(route))
    page.goto(f"/segments/{s.pk}/edit/")
    page.get_by_label("Name").press("End")
    while not held:
        page.wait_for_timeout(20)
    held.pop().continue_()
    page.locator(".hc-row").wait_for()
    page.locator("#side-nav a[href='/people/']").click()
    page.wait_for_url("**/people/")
