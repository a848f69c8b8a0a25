"""A rep at work in a real browser: drags a card, moves one by keyboard, accepts a lead, wins a deal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from headwater.accounts.models import User
from headwater.people.models import Contact
from headwater.sales import actions
from headwater.sales.actions import HandOver
from headwater.sales.models import Deal, LeadHandover, PipelineStage
from headwater.teamwork.models import Call, Note, Task
from headwater.timeline import queries as timeline
from tests.browser import launched

from .conftest import rep

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def me(transactional_db: None) -> User:
    return rep("Rafael", last_name="Costa", role="sales")


@pytest.fixture
def page(live_server: LiveServer, me: User) -> Iterator[Page]:
    client = Client()
    client.force_login(me)
    with launched() as chromium:
        context = chromium.new_context(base_url=live_server.url, viewport={"width": 1600, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
        yield page
        assert problems == []


@pytest.fixture
def stages(transactional_db: None) -> dict[str, PipelineStage]:
    return {s.name: s for s in actions.ensure_pipeline().stages.all()}


def make(name: str, **more: object) -> int:
    return actions.create_deal(actor="user:1", name=name, amount=Decimal("9500"), **more)  # type: ignore[arg-type]


def drag(page: Page, card: str, column: str) -> None:
    """With the mouse, in steps, as a hand does."""
    start = page.locator(card).bounding_box()
    end = page.locator(column).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 60, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 80, start["y"] + 30, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 40, steps=12)
    page.mouse.up()


def test_a_card_is_dragged_and_moved_by_keyboard(page: Page, stages: dict[str, PipelineStage]) -> None:
    one, two = make("Annual plan"), make("POS add-on")
    proposal, lost = stages["Proposal"], stages["Lost"]
    page.goto("/deals/")
    expect(page.locator("sales-board[data-ready]")).to_be_visible()

    drag(page, f"#deal-{one}", f"#list-{proposal.pk}")
    expect(page.locator(f"#list-{proposal.pk} #deal-{one}[data-version='2']")).to_be_visible()
    expect(page.locator(f"#colhead-{proposal.pk}")).to_contain_text("$9.5k")
    expect(page.locator(f"#colhead-{stages['Lead'].pk}")).to_contain_text("Lead1$9.5k")
    assert Deal.objects.get(pk=one).stage == proposal
    assert page.url.endswith("/deals/")  # the drop opened nothing

    page.locator(f"#deal-{two}").focus()
    page.keyboard.press("m")
    page.get_by_role("button", name="Negotiation").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#list-{stages['Negotiation'].pk} #deal-{two}[data-version='2']")).to_be_focused()
    assert Deal.objects.get(pk=two).stage == stages["Negotiation"]

    # somebody else is faster: the card goes to where it is, and a notice says why
    actions.move_deal(two, stages["Qualified"].pk, version=2, actor="user:99")
    drag(page, f"#deal-{two}", f"#list-{proposal.pk}")
    expect(page.locator("#toasts")).to_contain_text("Somebody else changed this deal")
    expect(page.locator(f"#list-{stages['Qualified'].pk} #deal-{two}[data-version='3']")).to_be_visible()
    assert Deal.objects.get(pk=two).stage == stages["Qualified"]

    # losing asks why; without an answer the card goes back
    drag(page, f"#deal-{one}", f"#list-{lost.pk}")
    page.locator("#lost-dialog [data-close]").click()
    expect(page.locator(f"#list-{proposal.pk} #deal-{one}")).to_be_visible()
    drag(page, f"#deal-{one}", f"#list-{lost.pk}")
    page.locator("#lost-reason").fill("No budget")
    page.keyboard.press("Enter")
    expect(page.locator(f"#list-{lost.pk} #deal-{one}")).to_be_visible()
    expect(page.locator(f"#deal-{one}.pending")).to_have_count(0)
    assert Deal.objects.get(pk=one).lost_reason == "No budget"


def test_a_lead_is_accepted_worked_and_won(page: Page, me: User, ana_now: Contact) -> None:
    (done,) = actions.hand_over([HandOver(ana_now.pk, "Score reached 60", amount=Decimal("1200"))], actor="system")
    page.goto("/today/")
    line = page.locator(".tw-line", has_text="Ana Lima").first
    expect(line.locator("tw-clock")).to_contain_text("left")
    line.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Why the score")).to_be_visible()
    page.get_by_role("button", name="Accept the lead").click()
    expect(page.locator(".notice")).to_contain_text("Accepted by Rafael Costa")
    assert LeadHandover.objects.get(pk=done.handover_id).status == "accepted"

    page.goto(f"/deals/{done.deal_id}/")
    page.locator("[data-pane=note] textarea").fill("Wants a **pilot**")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#deal-feed strong")).to_have_text("pilot")
    expect(page.locator("[data-pane=note] textarea")).to_have_value("")
    page.get_by_role("tab", name="Log call").click()
    page.locator("[data-pane=call] [name=minutes]").fill("12")
    page.locator("[data-pane=call]").get_by_role("button", name="Log call").click()
    expect(page.locator("#deal-feed")).to_contain_text("logged a call")
    assert (Note.objects.get().deal_id, Call.objects.get().seconds) == (done.deal_id, 720)

    page.get_by_role("button", name="Complete: Call Ana Lima").click()
    expect(page.locator("#toasts")).to_contain_text("Task completed")
    expect(page.locator(".rail")).to_contain_text("Tasks 0")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator(".rail")).to_contain_text("Tasks 1")
    assert Task.objects.get().done_at is None

    page.get_by_role("button", name="Won").click()
    expect(page.locator(".props .notice")).to_contain_text("Won on")
    ana_now.refresh_from_db()
    assert ana_now.stage == "customer"
    kinds = [e.kind for e in timeline.read(ana_now.pk, limit=50)][::-1]
    assert kinds == [
        "contact.created", "stage.changed", "owner.changed", "lead.handed_over", "deal.created", "task.created",
        "lead.accepted", "stage.changed", "note.added", "call.logged", "task.completed", "task.reopened",
        "deal.won", "stage.changed", "contact.updated",
    ]  # fmt: skip


@pytest.fixture
def ana_now(transactional_db: None) -> Contact:
    from headwater.people import actions as people

    return people.create_contact(actor="system", first_name="Ana", last_name="Lima", email="ana@acme.example")


def test_a_deal_is_created_in_the_dialog(page: Page, stages: dict[str, PipelineStage], ana_now: Contact) -> None:
    page.goto("/deals/")
    page.get_by_role("button", name="Create deal").click()
    dialog = page.locator("#dialog")
    dialog.get_by_role("button", name="Create deal").click()
    expect(dialog).to_be_visible()  # the browser asks for a name
    dialog.get_by_label("Name", exact=True).fill("Annual plan")
    dialog.get_by_label("Amount").fill("lots")
    dialog.get_by_role("button", name="Create deal").click()
    expect(dialog).to_contain_text("Write an amount such as 12,400.50.")
    dialog.get_by_label("Amount").fill("12,400.50")
    dialog.get_by_label("Contact").press_sequentially("lima")
    dialog.get_by_role("option", name="Ana Lima").click()
    dialog.get_by_role("button", name="Create deal").click()
    expect(page.get_by_role("heading", name="Annual plan")).to_be_visible()
    deal = Deal.objects.get()
    assert (deal.amount, deal.contact_id) == (Decimal("12400.50"), ana_now.pk)
