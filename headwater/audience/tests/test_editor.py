"""The segment editor in a real browser: by mouse and by keyboard alone, previewed while typing, saved, edited again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from headwater.audience import actions, queries
from headwater.audience.engine import building
from headwater.audience.models import Segment

from .editing import count, people

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def add(page: Page, words: str, group: int = 0) -> None:
    """By keyboard: opens the search of a group, types, takes the first answer."""
    page.locator("[data-add]").nth(group).focus()
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Add a condition").wait_for()
    page.keyboard.type(words)
    page.keyboard.press("Enter")


def definition(page: Page) -> Any:
    return page.evaluate("document.querySelector('hw-conditions').value")


def test_a_nested_segment_is_made_by_keyboard_alone(page: Page) -> None:
    people()
    page.goto("/segments/new/")
    count(page, 3)
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("Koreans who look at prices")
    add(page, "country")  # the focus is in the value
    page.keyboard.type("KR")
    count(page, 2)
    page.locator(".hc-foot").first.get_by_label("Add a group").focus()
    page.keyboard.press("Enter")  # the focus is on the new group's "add"
    page.keyboard.press("Enter")
    page.keyboard.type("page viewed")
    page.keyboard.press("Enter")  # the focus is in the count
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    count(page, 1)
    add(page, "tag")  # the first "add" is the inner group's
    page.keyboard.type("vip")
    page.keyboard.press("Alt+ArrowUp")  # above the event, still in the group
    page.keyboard.press("Control+d")  # twice
    assert definition(page)["all"][1]["any"][:2] == [{"tag": "vip"}, {"tag": "vip"}]
    page.keyboard.press("Alt+Backspace")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    count(page, 1)
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/segments/\d+/$"))
    looked = {"event": "page.viewed", "within": "30d", "count": {"op": "gte", "value": 2}}
    assert Segment.objects.get().pending == {
        "all": [{"field": "contact.country", "op": "eq", "value": "KR"}, {"any": [{"tag": "vip"}, looked]}]
    }


def test_a_country_is_found_by_its_name_before_pages_that_contain_it(page: Page) -> None:
    people()
    page.goto("/segments/new/")
    count(page, 3)
    add(page, "south kor")
    count(page, 2)
    assert definition(page) == {"all": [{"field": "contact.country", "op": "eq", "value": "KR"}]}


def test_a_segment_is_edited_by_mouse_and_saved_again(page: Page) -> None:
    people()
    s = actions.create_segment(
        name="S", definition={"all": [{"field": "contact.country", "op": "eq", "value": "KR"}]}, actor="user:1"
    )
    page.goto(f"/segments/{s.pk}/edit/")
    count(page, 2)
    page.get_by_label("Value", exact=True).click()
    page.get_by_label("Value", exact=True).fill("")
    page.get_by_role("option", name="Germany").click()  # what is seen is offered, codes by their names
    count(page, 1)
    assert page.get_by_label("Value", exact=True).input_value() == "Germany"
    add(page, "tag")
    page.locator(".hc-row").nth(1).get_by_label("Operator").select_option(label="has not")
    page.get_by_label("Tag", exact=True).fill("vip")
    count(page, 1)
    page.locator(".hc-row").nth(1).get_by_label("Actions").click()
    page.get_by_role("option", name="Put into a group").click()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/segments/\d+/$"))
    s.refresh_from_db()
    assert s.pending == {
        "all": [{"field": "contact.country", "op": "eq", "value": "DE"}, {"any": [{"not": {"tag": "vip"}}]}]
    }


def test_the_editor_comes_up_on_a_visit_without_a_new_page(page: Page) -> None:
    people()
    page.goto("/segments/")
    page.evaluate("window.before = 1")
    page.locator("a[href='/segments/new/']").first.click()
    count(page, 3)
    add(page, "tag")
    page.locator(".hc-row").get_by_label("Tag", exact=True).fill("vip")
    count(page, 1)
    assert page.evaluate("window.before") == 1


def test_what_is_wrong_is_said_at_the_very_condition(page: Page) -> None:
    people()
    page.goto("/segments/new/")
    count(page, 3)
    add(page, "tag")
    page.get_by_label("Name", exact=True).focus()  # nothing is called wrong while it is being filled in
    page.locator(".hc-row.bad .hc-err", has_text="must be the name of a tag").wait_for()
    assert page.get_by_label("Tag", exact=True).get_attribute("aria-invalid") == "true"
    page.get_by_role("tab", name="JSON").click()
    page.locator(".seg-problems li", has_text="$.all[0].tag must be the name of a tag").wait_for()
    page.get_by_label("The definition as JSON").fill('{"any": [{"tag": "vip"}')
    page.locator(".seg-problems li", has_text="This is not JSON").wait_for()
    page.get_by_label("The definition as JSON").fill('{"any": [{"tag": "vip"}]}')
    count(page, 1)
    page.get_by_role("tab", name="Conditions").click()
    assert page.get_by_label("Conditions of this group").input_value() == "any"
    assert page.locator(".hc-err").count() == 0


def test_a_circle_of_segments_is_refused_at_once_with_its_way(page: Page) -> None:
    first = actions.create_segment(name="First", definition={"tag": "vip"}, actor="user:1")
    actions.create_segment(name="Second", definition={"segment": first.key}, actor="user:1")
    page.goto(f"/segments/{first.pk}/edit/")
    count(page, 0)
    add(page, "second")
    page.locator(".hc-row.bad .hc-err", has_text="leads back to itself: first → second → first").wait_for()


def test_the_editor_stands_alone_with_leaves_of_its_host(page: Page) -> None:
    """As a journey embeds it: more keys of an event, a leaf of its own, no segment around it."""
    people()
    page.goto("/segments/new/")
    count(page, 3)
    page.evaluate(
        """() => {
        const editor = document.createElement('hw-conditions');
        editor.setAttribute('check', '');
        editor.extra = {
          event: {parts: [{as: 'choice', key: 'since', label: 'since', options: [['entry', 'her entry'],
            ['arrival', 'her arrival']]}]},
          mail: {label: 'Mail of this journey', icon: 'mail', fresh: {mail: 'welcome', did: 'opened'}, parts: [
            {as: 'choice', key: 'did', label: 'Did', shown: true, options: [['opened', 'opened'],
              ['clicked', 'clicked']]},
            {as: 'choice', key: 'mail', label: 'Mail', shown: true, options: [['welcome', 'Welcome']]}]}};
        editor.value = {any: [{event: 'page.viewed', since: 'entry'}, {mail: 'welcome', did: 'opened'}]};
        window.told = [];
        editor.addEventListener('change', (event) => window.told.push(event.detail.value));
        document.querySelector('hw-segment-edit').replaceWith(editor);
        }"""
    )
    page.get_by_label("since", exact=True).select_option(label="her arrival")
    page.get_by_label("Did", exact=True).select_option(label="clicked")
    assert page.evaluate("window.told.at(-1)") == {
        "any": [
            {"event": "page.viewed", "since": "arrival"},
            {"mail": "welcome", "did": "clicked"},
        ]
    }


def test_a_score_offers_its_own_bands_and_a_birthday_comes_each_year(page: Page) -> None:
    bands = [{"key": "no"}, {"key": "yes", "name": "Fits", "start": 20}]
    actions.create_model(name="Fit", bands=bands, actor="user:1")
    actions.create_segment(name="VIPs", definition={"tag": "vip"}, actor="user:1")
    people()
    page.goto("/segments/new/")
    count(page, 3)
    add(page, "score")
    row = page.locator(".hc-row").first
    row.get_by_label("Operator").select_option(label="band is")
    assert row.get_by_label("band is").locator("option").all_inner_texts() == ["Cold", "Warm", "Hot"]
    row.get_by_label("Score", exact=True).select_option(label="Fit")
    assert row.get_by_label("band is").locator("option").all_inner_texts() == ["no", "Fits"]
    assert definition(page) == {"all": [{"score": "fit", "band": "yes"}]}
    count(page, 0)
    add(page, "birthday")
    assert definition(page)["all"][1] == {"field": "contact.birthday", "op": "anniversary", "value": "7d"}
    page.locator("[data-add]").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("segment")
    page.get_by_role("option", name=re.compile("^Other segment")).wait_for()
    first = page.get_by_role("listbox").get_by_role("option").first.inner_text()
    assert first.startswith("Other segment")  # before the events of that name


def test_a_member_is_found_and_why_she_is_in_is_seen_and_changed_by_hand(page: Page) -> None:
    ana, ben, _cleo = people()
    s = actions.create_segment(
        name="Looked at prices",
        definition={
            "all": [{"event": "page.viewed", "count": {"op": "gte", "value": 2}, "within": "7d"}, {"tag": "vip"}]
        },
        actor="user:1",
    )
    building.run_all()
    page.goto("/segments/")
    page.get_by_role("link", name="Looked at prices").click()
    page.get_by_role("row", name=re.compile("Ana")).get_by_role("link", name="Why").click()
    why = page.locator("#why-answer")
    why.get_by_text("2 of 2", exact=True).wait_for()
    assert why.locator(".why-facts li").all_inner_texts()[0].startswith("page viewed /pricing")
    page.get_by_label("Find a person").fill("Ben")
    hit = why.get_by_role("button", name=re.compile("Ben"))
    hit.wait_for()
    page.keyboard.press("ArrowDown")
    expect(hit).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Find a person")).to_be_focused()
    page.keyboard.press("Enter")  # takes the first
    why.get_by_text("0 of 2", exact=True).wait_for()
    why.get_by_role("button", name="Always in").click()
    page.locator(".seg-picks", has_text="Ben").wait_for()
    why.get_by_text("put in by hand").wait_for()
    assert [(p.person_id, p.side) for p in queries.picked(s.pk)] == [(ben, "in")]
    page.goto(f"/people/{ana}/")
    page.get_by_role("button", name="Why, why not?").click()
    page.locator(".seg-standing").get_by_role("button", name=re.compile("Looked at prices")).click()
    page.locator("#standing-why").get_by_text("tagged “vip”").wait_for()


def test_what_is_typed_finds_pages_cities_bands_and_dates_as_people_mean_them(page: Page) -> None:
    people()
    page.goto("/segments/new/")
    count(page, 3)

    def first(words: str, option: str) -> Any:
        page.locator("[data-add]").first.focus()
        page.keyboard.press("Enter")
        page.get_by_role("combobox", name="Add a condition").wait_for()
        page.keyboard.type(words)
        page.get_by_role("option", name=option).click()
        return definition(page)["all"][-1]

    assert first("/pricing", "page viewed: path contains “/pricing”") == {
        "event": "page.viewed",
        "within": "30d",
        "where": [{"prop": "path", "op": "contains", "value": "/pricing"}],
    }
    assert first("seoul", "City contains “seoul”") == {"field": "contact.city", "op": "contains", "value": "seoul"}
    assert first("hot", "Engagement: Hot") == {"score": "engagement", "band": "hot"}
    assert first("renewal", "Renewal date") == {"field": "contact.renewal_date", "op": "within_next", "value": "30d"}
    page.locator(".seg-preview", has_text="Renewal date is in the next 30 days").wait_for()
