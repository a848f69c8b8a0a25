"""Conditions and choices on the canvas, in a real browser, as a newcomer fills them in."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from headwater.journeys import actions
from headwater.journeys.models import Journey
from headwater.messaging.models import MailTemplate

from .test_canvas import browser as browser
from .test_canvas import complaints, eventually, opened, person, saved
from .test_canvas import whole_database as whole_database

pytestmark = pytest.mark.browser


def mail(name: str) -> MailTemplate:
    return MailTemplate.objects.create(name=name)


def test_a_wait_behind_a_mail_gets_a_condition_and_an_entry_its_event_by_name(
    whole_database: Any, live_server: Any, browser: Browser
) -> None:
    template = mail("Hello from us")
    graph = {
        "entry": [{"kind": "event"}],
        "reentry": {"rule": "when_finished"},
        "goal": None,
        "exits": [],
        "start": "mail",
        "steps": {
            "mail": {"kind": "send_email", "settings": {"template": template.pk}, "next": "hold"},
            "hold": {"kind": "wait_until", "settings": {"timeout": {"amount": 2, "unit": "days"}}, "arms": {}},
        },
    }
    journey = actions.create_journey(name="New", graph=graph, actor="user:1")
    page, watch = opened(browser, live_server, person("Maria"))
    page.goto(f"{live_server.url}/journeys/{journey.pk}/")
    # a mail without a name of its own goes by the mail's; a rule that is not filled in by its kind
    expect(page.locator("[data-step=mail] .jc-title")).to_have_text("Hello from us")
    expect(page.locator("[data-step=entry] .jc-title")).to_have_text("Did something")
    expect(page.locator(".jc-problems")).to_contain_text("Who enters: Did something Event: This is needed.")
    event = page.locator("#jc-entry-0-event")
    event.click()
    page.keyboard.type("page view")
    expect(page.locator(".jc-opt").first).to_contain_text("page.viewed")
    page.keyboard.press("Enter")
    eventually(page, lambda: Journey.objects.get().draft["entry"] == [{"kind": "event", "event": "page.viewed"}])
    expect(event).to_have_value("page viewed")
    event.click()
    page.keyboard.type("demo.asked")
    page.keyboard.press("Tab")
    eventually(page, lambda: Journey.objects.get().draft["entry"][0]["event"] == "demo.asked")
    page.locator("[data-step=hold]").click()
    conditions = page.locator("hw-conditions")
    conditions.get_by_role("button", name="Add a condition").click()
    page.keyboard.type("hello click")
    page.keyboard.press("Enter")
    eventually(page, lambda: "until" in Journey.objects.get().draft["steps"]["hold"]["settings"])
    saved(page)
    until = Journey.objects.get().draft["steps"]["hold"]["settings"]["until"]
    assert until == {"all": [{"mail": "mail", "did": "clicked"}]}
    assert complaints(watch) == []
