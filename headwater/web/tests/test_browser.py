"""The shell in a real browser: keys, themes, languages, the phone, the policy, accessibility."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import axe_core_python
import pytest
from playwright.sync_api import Browser, Page, expect

from headwater.accounts.actions import ensure_workspace
from headwater.accounts.models import Role, User
from tests.browser import launched

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Playwright runs an event loop in this thread; Django would refuse to work beside it
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
SERIOUS = """() => axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations
  .filter(v => ["serious", "critical"].includes(v.impact))
  .map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.target.join(" ")).join(" | ")))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture
def page(browser: Browser, live_server) -> Iterator[Page]:
    """A page of a fresh visitor; the test fails when it broke the policy or a script failed."""
    ensure_workspace()
    user = User(email="ada@example.com", username="ada@example.com", first_name="Ada", role=Role.ADMIN)
    user.set_password("correct horse 9")
    user.save()
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 1280, "height": 800}, locale="en", color_scheme="light",
        bypass_csp=False,
    )  # fmt: skip
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
    yield page
    context.close()
    assert problems == []


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", "ada@example.com")
    page.fill("[name=password]", "correct horse 9")
    page.click("#sign-in button[type=submit]")
    page.wait_for_selector("#side-nav", state="attached")
    page.goto("/settings/")


def serious(page: Page) -> list[str]:
    """Serious accessibility faults of the page as it is. evaluate() is not bound by the policy, a script tag is."""
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(SERIOUS)
    return found


def test_a_wrong_password_says_so_and_the_right_one_opens(page: Page) -> None:
    page.goto("/accounts/login/")
    assert serious(page) == []
    page.fill("[name=login]", "ada@example.com")
    page.fill("[name=password]", "wrong")
    page.click("#sign-in button[type=submit]")
    expect(page.locator(".notice[role=alert]")).to_contain_text("not correct")
    sign_in(page)
    expect(page.locator("#main h1")).to_have_text("Settings")
    assert serious(page) == []


def test_the_palette_opens_finds_and_goes_by_keys_alone(page: Page) -> None:
    sign_in(page)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.type("audit")
    expect(page.locator("#palette .pal-item[aria-selected=true]")).to_have_text("Audit log")
    assert serious(page) == []
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/audit/")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator(".set-nav [aria-current=page]")).to_have_text("Audit log")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_enter_while_an_input_method_composes_chooses_nothing(page: Page) -> None:
    sign_in(page)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette .pal-item[aria-selected=true]")).to_have_count(1)
    page.evaluate(
        """() => document.querySelector("#palette input").dispatchEvent(
             new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true}))"""
    )
    expect(page.locator("#palette")).to_be_visible()


def test_a_page_comes_without_a_reload_and_back_works(page: Page) -> None:
    sign_in(page)
    page.evaluate("() => { window.same = true }")
    page.click(".set-nav >> text=Users")
    page.wait_for_url("**/settings/users/")
    expect(page.locator("#main h2").first).to_have_text("Users")
    assert page.evaluate("() => window.same") is True
    assert page.title() == "Users · Headwater"
    page.go_back()
    expect(page.locator("#main h2").first).to_have_text("My profile")


def test_typing_a_question_mark_lists_the_keys_and_g_comma_opens_settings(page: Page) -> None:
    sign_in(page)
    page.click(".set-nav >> text=Users")
    page.wait_for_url("**/settings/users/")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press(",")
    page.wait_for_url("**/settings/profile/")


def test_dark_is_dark_at_once_and_stays(page: Page) -> None:
    sign_in(page)
    page.click("summary.ws")
    with page.expect_response("**/preferences/theme/"):
        page.click("[data-set-theme=dark]")
    assert "dark" in page.evaluate("document.documentElement.className")
    page.reload()
    assert page.evaluate("document.documentElement.className") == "dark"
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    assert serious(page) == []


def test_the_language_menu_turns_the_page_into_korean(page: Page) -> None:
    sign_in(page)
    page.click("summary.ws")
    page.click("button[value=ko]")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("#main h1")).to_have_text("설정")
    assert serious(page) == []


def test_on_a_phone_the_menu_is_a_drawer_and_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page)
    expect(page.locator("#side")).to_be_hidden()
    page.click("[data-drawer]")
    expect(page.locator("#side")).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()
    for path in ("/settings/", "/settings/workspace/", "/settings/users/", "/settings/keys/", "/settings/audit/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path


def test_a_saved_form_answers_with_a_toast_and_an_error_stands_at_its_field(page: Page) -> None:
    sign_in(page)
    page.goto("/settings/workspace/")
    page.fill("[name=base_url]", "nonsense")
    page.click(".panel footer button")
    expect(page.locator("#id_base_url_error")).to_contain_text("https://crm.example.com")
    page.fill("[name=base_url]", "https://crm.acme.example")
    page.click(".panel footer button")
    expect(page.locator(".toastx")).to_contain_text("Saved.")


def test_a_dangerous_step_asks_first(page: Page) -> None:
    sign_in(page)
    page.goto("/settings/teams/")
    page.fill("[name=name]", "Inbound")
    page.click("form.panel footer button")
    page.click(".tb >> text=Delete")
    expect(page.locator("#ask")).to_contain_text("Delete the team Inbound?")
    page.click("#ask button[value=no]")
    expect(page.locator(".tb")).to_contain_text("Inbound")
    page.click(".tb >> text=Delete")
    page.click("#ask button[value=yes]")
    expect(page.locator("#main .empty-state")).to_be_visible()
