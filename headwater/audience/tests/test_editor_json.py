"""The JSON tab of the segment editor: nothing that was typed is lost in silence, nothing else is saved instead."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from headwater.audience import actions

from .editing import count, people

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_what_is_no_json_is_not_saved_as_what_stood_there_before(page: Page) -> None:
    people()
    s = actions.create_segment(name="S", definition={"tag": "vip"}, actor="user:1")
    page.goto(f"/segments/{s.pk}/edit/")
    count(page, 1)
    page.get_by_role("tab", name="JSON").click()
    text, wrong = page.get_by_label("The definition as JSON"), '{"field": "contact.country"'
    text.fill(wrong)
    expect(page.locator(".seg-problems li")).to_contain_text("This is not JSON.")
    page.get_by_role("button", name="Save").click()
    expect(text).to_be_focused()
    assert text.evaluate("e => e.validationMessage") == "This is not JSON."
    # from the other tab too, where the text comes back as it was typed
    page.get_by_role("tab", name="Conditions").click()
    page.get_by_role("button", name="Save").click()
    expect(text).to_be_focused()
    expect(text).to_have_value(wrong)
    text.fill('{"field": "contact.country", "op": "eq", "value": "KR"}')
    count(page, 2)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/segments/\d+/$"))
    s.refresh_from_db()
    assert s.pending == {"all": [{"field": "contact.country", "op": "eq", "value": "KR"}]}


def test_a_value_that_cannot_be_is_shown_where_it_is(page: Page) -> None:
    people()
    s = actions.create_segment(name="S", definition={"random": 40}, actor="user:1")
    page.goto(f"/segments/{s.pk}/edit/")
    page.get_by_role("tab", name="JSON").click()
    page.get_by_label("The definition as JSON").fill('{"random": 400}')
    expect(page.locator(".seg-problems li")).to_contain_text("must be a percentage above 0, up to 100")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("tab", name="Conditions")).to_have_attribute("aria-selected", "true")
    expect(page.locator("hw-conditions input[type=number]")).to_be_focused()
    s.refresh_from_db()
    assert s.definition == {"random": 40}
