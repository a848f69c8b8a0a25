"""The canvas in a real browser: by keyboard alone, by drag, by two people at once, on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from headwater.accounts.models import User
from headwater.core.setup import after_migrate
from headwater.journeys import actions
from headwater.journeys.models import Journey, VersionMove
from headwater.journeys.tests.conftest import chain, minutes
from headwater.people import actions as people
from tests.browser import Watch, launched, shoot

pytestmark = pytest.mark.browser


@pytest.fixture
def whole_database(transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database that a live server sees too; what every installation has is put back afterwards."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in this thread
    after_migrate()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def person(name: str) -> User:
    return User.objects.create_user(
        username=f"{name}@x.example", email=f"{name}@x.example", role="marketer", first_name=name
    )


def opened(browser: Browser, server: Any, user: User, width: int = 1440, height: int = 900) -> tuple[Page, Watch]:
    """A page of the user's, signed in."""
    client = Client()
    client.force_login(user)
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(60000)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server.url}])
    page = context.new_page()
    return page, Watch(page)


def complaints(watch: Watch) -> list[str]:
    """Everything but the stream of live updates, which needs ASGI, and questions that the server asks back."""
    return [p for p in watch.problems if "404 (Not Found)" not in p and "409 (Conflict)" not in p]


def saved(page: Page) -> None:
    expect(page.locator(".jc-saving")).to_contain_text("Saved", timeout=60000)


def eventually(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until the server has it."""
    for _n in range(300):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it was not saved")


def at(page: Page, where: str) -> None:
    """Wait until the focus is there."""
    page.wait_for_function("w => (document.activeElement.dataset.focus || document.activeElement.id) === w", arg=where)


def test_a_journey_is_built_and_published_by_keyboard_alone(
    whole_database: Any, live_server: Any, browser: Browser
) -> None:
    page, watch = opened(browser, live_server, person("Maria"))
    page.goto(f"{live_server.url}/journeys/gallery/")
    page.get_by_role("button", name="Empty journey").focus()
    keys = page.keyboard
    keys.press("Enter")
    page.locator("[data-focus=entry]").wait_for()
    page.locator("[data-focus=entry]").focus()

    def add(what: str, then: str) -> None:
        keys.press("+")
        page.locator("dialog.jc-pal[open] input").wait_for()
        keys.type(what)
        keys.press("Enter")
        at(page, "jc-title")
        keys.press("Tab")
        keys.type(then)
        keys.press("Escape")

    add("add tag", "vip")
    at(page, "add_tag")
    add("create task", "Call {{ contact.name }}")
    at(page, "create_task")
    add("add tag", "called")
    at(page, "add_tag_2")
    keys.press("Control+z")
    keys.press("Control+z")
    expect(page.locator(".jc-box")).to_have_count(3)
    keys.press("Control+Shift+z")
    expect(page.locator(".jc-box")).to_have_count(4)
    page.locator("[data-focus=create_task]").focus()
    keys.press("ArrowUp")
    at(page, "add_tag")
    keys.press("ArrowDown")
    at(page, "create_task")
    keys.press("ArrowDown")
    keys.press("Delete")
    expect(page.locator(".jc-box")).to_have_count(3)
    keys.press("Control+d")
    expect(page.locator(".jc-box")).to_have_count(4)
    keys.press("Delete")
    expect(page.locator(".jc-box")).to_have_count(3)
    saved(page)
    page.get_by_role("button", name="Publish v1").focus()
    keys.press("Enter")
    page.locator("dialog[open]").get_by_role("button", name="Publish v1").wait_for()
    keys.press("Enter")
    page.get_by_text("is live.").wait_for()
    journey = Journey.objects.get()
    assert journey.status == "live"
    assert journey.version is not None
    assert journey.version.graph["start"] == "add_tag"
    assert {k: s["kind"] for k, s in journey.version.graph["steps"].items()} == {
        "add_tag": "add_tag",
        "create_task": "create_task",
    }
    assert journey.version.graph["steps"]["create_task"]["settings"]["title"] == "Call {{ contact.name }}"
    assert complaints(watch) == []


def test_steps_are_dragged_onto_a_plus_and_undone(whole_database: Any, live_server: Any, browser: Browser) -> None:
    journey = actions.create_journey(
        name="Dragged",
        graph=chain(("one", "add_tag", {"tag": "a"}), ("two", "add_tag", {"tag": "b"}), ("end", "exit", {})),
        actor="user:1",
    )
    page, watch = opened(browser, live_server, person("Maria"))
    page.goto(f"{live_server.url}/journeys/{journey.pk}/")
    page.locator("[data-step=one]").wait_for()
    page.locator("[data-kind=wait]").drag_to(page.locator("[data-focus='slot:one:next']"))
    page.locator("[data-step=wait]").wait_for()
    eventually(page, lambda: "wait" in Journey.objects.get().draft["steps"])
    journey.refresh_from_db()
    assert [journey.draft["steps"][k].get("next") for k in ("one", "wait", "two")] == ["wait", "two", "end"]
    page.locator("[data-step=two]").drag_to(page.locator("[data-focus='slot:entry:next']"))
    eventually(page, lambda: Journey.objects.get().draft["start"] == "two")
    journey.refresh_from_db()
    assert [journey.draft["steps"][k].get("next") for k in ("two", "one", "wait")] == ["one", "wait", "end"]
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    eventually(page, lambda: sorted(Journey.objects.get().draft["steps"]) == ["end", "one", "two"])
    journey.refresh_from_db()
    assert journey.draft["start"] == "one"
    assert complaints(watch) == []


def test_two_editors_at_once_notice_each_other_and_lose_nothing(
    whole_database: Any, live_server: Any, browser: Browser
) -> None:
    maria, rafael = person("Maria"), person("Rafael")
    journey = actions.create_journey(name="Both", graph=chain(("one", "add_tag", {"tag": "a"})), actor="user:1")
    hers, _watch = opened(browser, live_server, maria)
    his, watch = opened(browser, live_server, rafael)
    for page in (hers, his):
        page.goto(f"{live_server.url}/journeys/{journey.pk}/?step=one")
        page.locator("#jc-f-tag").wait_for()
    hers.locator("#jc-f-tag").fill("hers")
    eventually(hers, lambda: Journey.objects.get().draft["steps"]["one"]["settings"] == {"tag": "hers"})
    his.locator("#jc-f-tag").fill("his")
    his.get_by_text("Maria changed this journey at").wait_for()
    shoot(his, "journeys_conflict", themes=("light",))
    his.get_by_role("button", name="Keep mine as a copy").click()
    his.wait_for_url(lambda url: f"/journeys/{journey.pk}/" not in url)
    copy = Journey.objects.latest("pk")
    assert (copy.name, copy.draft["steps"]["one"]["settings"]) == ("Copy of Both", {"tag": "his"})
    journey.refresh_from_db()
    assert journey.draft["steps"]["one"]["settings"] == {"tag": "hers"}
    assert complaints(watch) == []


def test_a_live_journey_is_read_and_changed_on_screen_and_phone(
    whole_database: Any, live_server: Any, browser: Browser
) -> None:
    journey = actions.install("welcome-nurture", actor="user:1")
    actions.publish(journey.pk, actor="user:1")
    ids = []
    for n in range(6):
        contact = people.create_contact(
            actor="user:1", first_name="Ada", last_name=f"Lovelace {n}", email=f"a{n}@example.com"
        )
        people.set_consent(contact.pk, "email", "granted", topic="", proof={}, actor="user:1")
        ids.append(contact.pk)
    actions.enter_by_hand(journey.pk, ids, actor="user:1")
    maria = person("Maria")
    User.objects.filter(pk=maria.pk).update(time_zone="Asia/Seoul")  # the browser is elsewhere
    page, watch = opened(browser, live_server, maria)
    page.goto(f"{live_server.url}/journeys/gallery/")
    page.get_by_role("heading", name="Lead nurture").wait_for()
    shoot(page, "journeys_gallery")
    page.goto(f"{live_server.url}/journeys/{journey.pk}/")
    expect(page.locator("[data-step=reaction]")).to_contain_text("6 waiting")
    shoot(page, "journeys_canvas")
    page.locator("[data-step=reaction]").click()
    page.locator(".jv-seat").first.wait_for()
    expect(page.locator("hw-conditions")).to_have_count(2)
    expect(page.locator("hw-conditions").first.get_by_role("combobox", name="Value")).to_have_value("/pricing")
    shoot(page, "journeys_step")
    page.locator("[data-step=digest]").click()
    page.locator("#jc-f-for").fill("20")
    page.get_by_label("Wait for: unit").select_option("minutes")
    expect(page.locator("[data-step=digest]")).to_contain_text("Wait 20 minutes")
    page.get_by_role("button", name="Publish v2").click()
    expect(page.locator(".jc-diff")).to_contain_text("Wait 20 minutes")
    shoot(page, "journeys_publish", themes=("light",))
    page.locator("dialog[open]").get_by_role("button", name="Publish v2").click()
    page.get_by_text("is live.").wait_for()
    journey.refresh_from_db()
    assert journey.version is not None
    assert journey.version.number == 2
    assert journey.version.graph["steps"]["digest"]["settings"] == {"for": {"amount": 20, "unit": "minutes"}}
    late = people.create_contact(actor="user:1", first_name="Late", email="late@example.com")
    actions.enter_by_hand(journey.pk, [late.pk], actor="user:1")  # on version 2, which the next one replaces
    page.locator("[data-step=reaction]").click()
    page.locator("[data-step=reaction]").press("Delete")
    page.locator("dialog[open]").get_by_label("Keep Clicked").check()
    page.locator("dialog[open]").get_by_role("button", name="Delete").click()
    expect(page.locator("[data-step=reaction]")).to_have_count(0)
    page.get_by_role("button", name="Publish v3").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("People are inside. What becomes of them?")
    expect(dialog.locator(".jc-becomes")).to_have_count(1)
    expect(dialog.locator(".jc-becomes")).to_contain_text("gone · 7 inside")
    dialog.locator(".jc-becomes select").select_option(label="Go on at “Wait 20 minutes”")
    shoot(page, "journeys_becomes")
    dialog.get_by_role("button", name="Publish v3").click()
    page.get_by_text("v3 is live.").wait_for()
    move = VersionMove.objects.get()
    assert (move.mapping, move.done_at) == ({"reaction": "digest", "*": "finish"}, None)
    page.get_by_role("button", name="v3", exact=True).click()
    expect(page.locator(".jc-version")).to_have_count(3)
    first = journey.versions.get(number=1).published_at.astimezone(ZoneInfo("Asia/Seoul"))
    expect(page.locator(".jc-version").nth(2)).to_contain_text(f"{first:%-d %b %Y, %H:%M} ·")
    shoot(page, "journeys_versions", themes=("light",))
    page.locator(".jc-version").nth(1).get_by_role("button", name="Roll back").click()
    expect(page.locator("dialog[open]")).to_contain_text("Back to v2")
    page.locator("dialog[open]").get_by_role("button", name="Publish v4").click()
    page.get_by_text("v4 is live.").wait_for()
    expect(page.locator("[data-step=reaction]")).to_have_count(1)
    assert complaints(watch) == []
    phone, watch = opened(browser, live_server, maria, 390, 844)
    phone.goto(f"{live_server.url}/journeys/{journey.pk}/")
    phone.locator("[data-step=welcome]").wait_for()
    shoot(phone, "journeys_canvas_mobile")
    phone.locator("[data-step=tag]").click()
    phone.locator("#jc-f-tag").wait_for()
    shoot(phone, "journeys_step_mobile", themes=("light",))
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints(watch) == []


def test_a_dead_network_loses_nothing_and_saves_by_itself(
    whole_database: Any, live_server: Any, browser: Browser
) -> None:
    journey = actions.create_journey(name="Far", graph=chain(("a", "wait", {"for": minutes(5)})), actor="user:1")
    page, _watch = opened(browser, live_server, person("Maria"))
    page.goto(f"{live_server.url}/journeys/{journey.pk}/?step=a")
    page.locator("#jc-title").wait_for()
    page.context.set_offline(True)
    page.locator("#jc-title").fill("Pause")
    page.locator("#jc-f-for").fill("7")
    expect(page.locator(".jc-saving")).to_contain_text("Not saved yet, retrying", timeout=20000)
    expect(page.locator(".jc-bar")).to_contain_text("your changes are kept here")
    page.locator("#jc-f-for").fill("9")
    journey.refresh_from_db()
    assert journey.draft["steps"]["a"].get("title") is None
    page.context.set_offline(False)
    saved(page)
    journey.refresh_from_db()
    assert (journey.draft["steps"]["a"]["title"], journey.draft["steps"]["a"]["settings"]) == (
        "Pause",
        {"for": {"amount": 9, "unit": "minutes"}},
    )
    # the page is closed without a network: the next visit brings the change back
    page.context.set_offline(True)
    page.locator("#jc-title").fill("Long pause")
    expect(page.locator(".jc-saving")).to_contain_text("Not saved yet, retrying", timeout=20000)
    context = page.context
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(f"{live_server.url}/journeys/{journey.pk}/?step=a")
    expect(page.locator("#jc-title")).to_have_value("Long pause")
    saved(page)
    eventually(page, lambda: Journey.objects.get(pk=journey.pk).draft["steps"]["a"]["title"] == "Long pause")


def test_a_jump_is_drawn_back_and_a_step_is_moved_by_keys(
    whole_database: Any, live_server: Any, browser: Browser
) -> None:
    jump = ("j", "jump", {"to": "n", "most": 2})
    graph = chain(("n", "add_note", {"text": "Hello"}), ("w", "wait", {"for": minutes(5)}), jump)
    graph["steps"]["n"]["title"] = "Greet"
    graph["steps"]["j"] = {"kind": "jump", "settings": {"to": "n", "most": 2}, "arms": {"done": None}}
    journey = actions.create_journey(name="Round", graph=graph, actor="user:1")
    page, watch = opened(browser, live_server, person("Maria"))
    page.goto(f"{live_server.url}/journeys/{journey.pk}/?step=n")
    expect(page.locator("[data-jump='j:n']")).to_have_count(1)
    expect(page.locator("[data-step=j]")).to_contain_text("Go to “Greet”")
    shoot(page, "journeys_jump")
    page.locator("[data-step=w]").focus()
    keys = page.keyboard
    keys.press("Control+x")
    keys.press("ArrowDown")
    at(page, "j")
    keys.press("Control+v")
    eventually(page, lambda: Journey.objects.get(pk=journey.pk).draft["steps"]["n"]["next"] == "j")
    assert Journey.objects.get(pk=journey.pk).draft["steps"]["j"]["arms"] == {"done": "w"}
    keys.press("Control+z")
    eventually(page, lambda: Journey.objects.get(pk=journey.pk).draft["steps"]["n"]["next"] == "w")
    assert complaints(watch) == []
