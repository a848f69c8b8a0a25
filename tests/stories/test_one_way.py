"""One person's whole way, in real browsers: from the first page view to a won deal.

A visitor plays on the demo company's site, a marketer watches, a rep sells. Database, worker, SMTP, browser are real.
Pictures of each page in both themes are kept in tests/screens.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .. import ready
from ..browser import Watch, launched, shoot
from ..patience import patient
from ..running import Running, free_port, started

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("story")]

#: A browser that a person drives; headless ones are told apart and would not count.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
MAIL = "nora.lind@fjord-dagligvarer.example.com"
#: What must stand on her timeline, in this order (other facts may stand between).
STORY = [
    ("page.viewed", "/site/"),
    ("page.viewed", "/site/pricing/"),
    ("contact.created", ""),
    ("contact.identified", ""),
    ("form.submitted", ""),
    ("journey.entered", "Lead nurture"),
    ("mail.sent", ""),
    ("asset.downloaded", ""),
    ("segment.entered", "Hot leads"),
    ("journey.entered", "Hand-over to sales"),
    ("lead.handed_over", ""),
    ("deal.created", ""),
    ("task.created", ""),
    ("mail.opened", ""),
    ("mail.clicked", ""),
    ("lead.accepted", ""),
    ("call.logged", ""),
    ("deal.moved", ""),
    ("deal.won", ""),
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data, port = tmp_path_factory.mktemp("story"), free_port()
    ready.demo_into(data)
    with ready.running(data) as database, psycopg.connect(database.url(), autocommit=True) as connection:
        connection.execute("UPDATE accounts_workspace SET base_url = %s", [f"http://localhost:{port}"])
    with started(data, command=["demo"], port=port) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def window(chromium: Browser, demo: Running, **more: object) -> tuple[BrowserContext, Page, Watch]:
    context = chromium.new_context(base_url=demo.url, viewport={"width": 1440, "height": 900}, locale="en-US", **more)  # type: ignore[arg-type]
    page = context.new_page()
    return context, page, Watch(page)


def sign_in(page: Page, who: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_text(f"{who}@demo.example").first.click()
    expect(page.locator(".shell")).to_be_visible()


def funnel(page: Page) -> dict[str, int]:
    """The numbers of the dashboard as the marketer reads them."""
    page.goto("/?days=30")
    found = page.locator("[data-step]").all()
    return {str(a.get_attribute("data-step")): int(a.inner_text().replace(",", "")) for a in found}


def in_order(told: list[tuple[object, ...]], wanted: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What of `wanted` does not come in this order."""
    rest = list(wanted)
    for kind, words in told:
        if rest and kind == rest[0][0] and rest[0][1] in str(words):
            rest.pop(0)
    return rest


def test_from_the_first_page_view_to_a_won_deal(demo: Running, chromium: Browser) -> None:
    _, maria, maria_watch = window(chromium, demo)
    sign_in(maria, "maria")
    before = funnel(maria)
    assert set(before) == {"awareness", "consideration", "decision", "action"}
    shoot(maria, "dashboard")

    # 1, 2: she looks around on the site, and marketing sees somebody come
    _, nora, nora_watch = window(chromium, demo, user_agent=AGENT)
    nora.goto("/site/?utm_source=google&utm_medium=cpc&utm_campaign=spring")
    shoot(nora, "site", themes=("light",))
    maria.goto("/visitors/")
    nora.get_by_role("button", name="Yes, remember me").click()
    nora.goto("/site/pricing/")
    expect(maria.locator("main")).to_contain_text("Pricing")
    shoot(maria, "visitors")

    # 3, 4: the form; she becomes a contact and her past comes along
    nora.goto("/site/white-paper/")
    nora.wait_for_timeout(2500)  # people need that long, scripts do not
    shoot(nora, "white_paper", themes=("light",))
    fill(nora, first_name="Nora", last_name="Lind", email=MAIL, company="Fjord Dagligvarer", job_title="Head of Retail")
    nora.locator("[name=hw_consent]").check()
    nora.locator("main form button[type=submit]").click()
    link = nora.locator("main a[href*='/d/']")
    expect(link).to_be_visible(timeout=15_000)
    ((person,),) = demo.until("SELECT id FROM people_contact WHERE email = %s", MAIL)
    demo.until("SELECT 1 FROM timeline_fact WHERE person_id = %s AND kind = 'mail.sent'", person)
    with nora.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".pdf")

    # 5, 6, 8: scored, segmented, nurtured, handed over, all by itself
    demo.until("SELECT 1 FROM timeline_fact WHERE person_id = %s AND kind = 'lead.handed_over'", person)
    ((points,),) = demo.sql(
        "SELECT sum(points) FROM audience_scoreentry WHERE person_id = %s AND model_id = "
        "(SELECT coalesce(space, id) FROM audience_scoremodel WHERE key = 'engagement')",
        person,
    )
    maria.goto(f"/people/{person}/")
    expect(maria.locator("h1")).to_contain_text("Nora Lind")
    expect(maria.locator(".rail")).to_contain_text(str(points))
    shoot(maria, "person")
    maria.locator(".feed").get_by_text("The forecasting playbook").first.wait_for()

    # 7: the mail, as she sees it; its link brings her back, known
    nora.goto("/demo/inbox/")
    nora.get_by_text("Your white paper").first.click()
    frame = nora.frame_locator("iframe").first
    frame.locator("a[href*='/c/']").first.wait_for()
    shoot(nora, "inbox")
    with nora.context.expect_page() as opened:
        frame.locator("a[href*='/c/']").first.click()
    opened.value.wait_for_load_state()
    demo.until("SELECT 1 FROM timeline_fact WHERE person_id = %s AND kind = 'mail.clicked'", person)
    opened.value.close()

    # 8, 9: sales finds her on Today, sees why, accepts, calls, wins
    _, rafael, rafael_watch = window(chromium, demo)
    sell(rafael, demo, int(str(person)))

    # 10: the timeline tells it in order, and the funnel has one more in each step
    told = demo.sql(
        "SELECT kind, coalesce(data->>'path', data->>'name', '') FROM timeline_fact WHERE person_id = %s "
        "ORDER BY at, recorded_at, seq",
        person,
    )
    assert in_order(told, STORY) == [], told
    assert demo.sql("SELECT stage FROM people_contact WHERE id = %s", person) == [("customer",)]
    deadline = time.monotonic() + patient(20)
    wanted = {step: count + 1 for step, count in before.items()}
    while (after := funnel(maria)) != wanted:
        assert time.monotonic() < deadline, (before, after)
        maria.wait_for_timeout(300)
    maria.locator("[data-step=action]").click()
    expect(maria.locator("main")).to_contain_text("Nora Lind")
    shoot(maria, "reached")
    for watch in (maria_watch, nora_watch, rafael_watch):
        assert [p for p in watch.problems if "favicon" not in p] == []


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"main [name={name}]").fill(value)


def sell(page: Page, demo: Running, person: int) -> None:
    """What the rep does: accept, call, drag to Negotiation, win."""
    sign_in(page, "rafael")
    page.goto("/today/")
    expect(page.locator("main")).to_contain_text("Nora Lind")
    shoot(page, "today")
    page.goto(f"/people/{person}/")
    page.get_by_role("button", name="Why this lead").or_(page.get_by_role("link", name="Why this lead")).first.click()
    expect(page.locator("dialog[open], main").last).to_contain_text("White paper")
    page.wait_for_timeout(400)
    shoot(page, "why_this_lead")
    page.goto(f"/people/{person}/")
    page.get_by_role("button", name="Accept").first.click()
    demo.until("SELECT 1 FROM timeline_fact WHERE person_id = %s AND kind = 'lead.accepted'", person)

    page.goto(f"/people/{person}/")
    page.get_by_text("Log call").first.click()
    composer = page.locator(".comp")
    composer.locator("textarea:visible").first.fill("Wants a pilot with two regions.")
    composer.locator("button[type=submit]:visible").first.click()
    demo.until("SELECT 1 FROM timeline_fact WHERE person_id = %s AND kind = 'call.logged'", person)

    ((deal,),) = demo.sql("SELECT id FROM sales_deal WHERE contact_id = %s", person)
    stages = dict(demo.sql("SELECT name, id FROM sales_pipelinestage"))
    page.set_viewport_size({"width": 1800, "height": 1000})
    page.goto("/deals/")
    expect(page.locator("sales-board[data-ready]")).to_be_visible()
    shoot(page, "board")
    drag(page, f"#deal-{deal}", f"#list-{stages['Negotiation']}")
    expect(page.locator(f"#list-{stages['Negotiation']} #deal-{deal}")).to_be_visible()
    demo.until("SELECT 1 FROM sales_deal WHERE id = %s AND stage_id = %s", deal, stages["Negotiation"])
    page.goto(f"/deals/{deal}/")
    shoot(page, "deal")
    page.get_by_role("button", name=re.compile("^Won")).first.click()
    demo.until("SELECT 1 FROM timeline_fact WHERE person_id = %s AND kind = 'deal.won'", person)


def drag(page: Page, card: str, column: str) -> None:
    """With the mouse, in steps, as a hand does."""
    page.locator(card).scroll_into_view_if_needed()
    start, end = page.locator(card).bounding_box(), page.locator(column).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 60, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 80, start["y"] + 30, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 40, steps=12)
    page.mouse.up()


MARKETER_PAGES = {
    "people": "/people/",
    "companies": "/companies/",
    "journeys": "/journeys/",
    "segments": "/segments/",
    "scoring": "/scoring/",
    "mails": "/mail/",
    "templates": "/mail/templates/",
    "forms": "/forms/",
    "sites": "/sites/",
    "tasks": "/tasks/",
    "settings": "/settings/",
}


def test_every_page_opens_in_three_languages_and_on_a_phone(demo: Running, chromium: Browser) -> None:
    context, page, watch = window(chromium, demo)
    sign_in(page, "admin")
    for name, path in MARKETER_PAGES.items():
        page.goto(path)
        assert "<c-" not in page.content(), path
        page.wait_for_timeout(150)
        shoot(page, name)
    page.set_viewport_size({"width": 390, "height": 844})
    for name, path in MARKETER_PAGES.items():
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px wider than a phone"
        shoot(page, f"{name}_phone", themes=("light",))
    assert watch.problems == []
    context.close()
