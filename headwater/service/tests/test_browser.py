"""What a colleague does with tickets in a browser: opens one, replies, notes, solves, opens it again, changes many."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from headwater.accounts.models import User
from headwater.messaging.models import Message
from headwater.people.models import Contact
from headwater.service import actions
from headwater.service.models import Ticket, TicketEntry
from tests.browser import launched

from .test_tickets import opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def page(live_server: LiveServer, sam: User) -> Iterator[Page]:
    client = Client()
    client.force_login(sam)
    with launched() as chromium:
        context = chromium.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
        yield page
        assert problems == []


def test_a_ticket_is_opened_answered_solved_and_opened_again(page: Page, ana: Contact) -> None:
    actions.ensure_queue()
    page.goto(f"/people/{ana.pk}/")
    page.get_by_role("button", name="Create ticket").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Subject").fill("Import fails")
    dialog.get_by_label("Description").fill("All rows\nsince Monday")
    dialog.get_by_label("Priority").select_option("urgent")
    dialog.get_by_role("button", name="Create ticket").click()
    expect(page.get_by_role("heading", name="Import fails")).to_be_visible()
    expect(page.locator("#ticket-props tw-clock").first).to_contain_text("left")

    page.get_by_role("textbox", name="Reply").fill("Which file is it?")
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator('.sv-say[data-kind="reply"]')).to_contain_text("Which file is it?")
    expect(page.locator("#ticket-head .chip")).to_have_text("Pending")
    expect(page.get_by_role("textbox", name="Reply")).to_have_value("")
    expect(page.locator("#ticket-props")).to_contain_text("clock stands")
    expect(page.locator("#ticket-props").get_by_role("combobox", name="Assignee")).to_contain_text("Sam Rivers")

    page.get_by_role("tab", name="Internal note").click()
    page.get_by_role("textbox", name="Internal note").fill("Known bug")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator('.sv-say[data-kind="note"]')).to_contain_text("Known bug")
    page.get_by_role("tab", name="The contact's answer").click()
    page.get_by_role("textbox", name="What the contact said").fill("This one")
    page.get_by_role("button", name="Write down").click()
    expect(page.locator("#ticket-head .chip")).to_have_text("Open")

    page.get_by_role("button", name="Solve").click()
    expect(page.locator("#ticket-head .chip")).to_have_text("Solved")
    page.get_by_role("button", name="Open again").click()
    expect(page.locator("#ticket-head .chip")).to_have_text("Open")
    page.get_by_role("combobox", name="Priority").select_option("low")
    expect(page.locator("#ticket-props tw-clock")).to_have_count(0)  # such tickets have no target to be solved
    expect(page.get_by_role("combobox", name="Priority")).to_have_value("low")
    row = Ticket.objects.get()
    assert (row.status, row.priority, row.contact_id) == ("open", "low", ana.pk)
    assert list(TicketEntry.objects.order_by("pk").values_list("kind", flat=True)) == ["reply", "note", "answer"]
    assert Message.objects.get().subject == f"[{row.number}] Import fails"


def test_a_reply_that_crosses_another_keeps_its_text(page: Page, ana: Contact, sam: User) -> None:
    pk = opened(ana)
    page.goto(f"/tickets/{pk}/")
    page.get_by_role("textbox", name="Reply").fill("My long answer")
    actions.reply(pk, "Theirs", actor="user:1")
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator(".tw-err").first).to_contain_text("Somebody else changed this ticket")
    expect(page.get_by_role("textbox", name="Reply")).to_have_value("My long answer")
    assert TicketEntry.objects.count() == 1


def test_many_are_assigned_and_put_back(page: Page, ana: Contact, sam: User) -> None:
    for n in range(3):
        opened(ana, f"Ticket {n}")
    page.goto("/tickets/")
    page.get_by_label("Select all").check()
    bar = page.get_by_role("toolbar", name="Bulk actions")
    bar.get_by_text("Assign").click()
    bar.get_by_role("button", name="Sam Rivers").click()
    expect(page.get_by_text("3 tickets changed")).to_be_visible()
    assert set(Ticket.objects.values_list("assignee_id", flat=True)) == {sam.pk}
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("3 tickets are as they were")).to_be_visible()
    assert set(Ticket.objects.values_list("assignee_id", flat=True)) == {None}
    expect(page.locator("#tickets tbody .av")).to_have_count(0)
    page.get_by_placeholder("Number, subject, contact").fill("Ticket 1")
    page.keyboard.press("Enter")
    expect(page.locator(".sv-subject")).to_have_count(1)
