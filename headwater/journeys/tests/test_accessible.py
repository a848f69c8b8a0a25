"""The pages of journeys hold to WCAG: axe finds nothing serious, in light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from playwright.sync_api import Browser, Page

from headwater.core import clock
from headwater.core.setup import after_migrate
from headwater.journeys import actions
from headwater.journeys.actions import Entry, simulating
from headwater.journeys.models import Journey
from headwater.people import actions as people
from headwater.people.models import Contact
from headwater.timeline.actions import Custom, NewFact, record_many
from tests.browser import launched, shoot

from .test_canvas import complaints, opened, person

pytestmark = pytest.mark.browser
AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
SERIOUS = """() => axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations
  .filter(v => ["serious", "critical"].includes(v.impact))
  .map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.target.join(" ")).join(" | ")))"""


@pytest.fixture
def whole_database(transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    after_migrate()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def violations(page: Page) -> list[str]:
    page.wait_for_timeout(300)
    page.evaluate(AXE.read_text())
    return list(page.evaluate(SERIOUS))


@pytest.fixture
def journey(whole_database: Any) -> Journey:
    """A journey of the gallery with some people in it and a past to be held against."""
    made = actions.install("welcome-nurture", actor="user:1")
    graph = {**made.draft, "entry": [{"kind": "tag", "tag": "newsletter"}, {"kind": "manual"}]}
    actions.update_journey(made.pk, actor="user:1", graph=graph)
    actions.publish(made.pk, actor="user:1")
    at = clock.now() - timedelta(days=40)
    ids = []
    for n in range(40):
        pk = people.create_contact(actor="user:1", first_name=f"Ana {n}", email=f"ana{n}@x.example").pk
        if n % 7:
            people.set_consent(pk, "email", "granted", proof={"text": "form"}, actor="user:1")
        ids.append(pk)
    record_many(
        [
            NewFact(pk, Custom("tag.added", {"tag": "newsletter"}), at + timedelta(days=n % 30))
            for n, pk in enumerate(ids)
        ]
    )
    actions.enter(made.pk, [Entry(pk, "k") for pk in ids[:12]], actor="user:1")
    simulating.start(made.pk, actor="user:1")
    while simulating.run_once():
        pass
    return made


def test_no_page_has_a_serious_violation(journey: Journey, live_server: Any, browser: Browser) -> None:
    user, contact = person("Maria"), Contact.objects.get(email="ana1@x.example").pk
    pages = {
        "list": "/journeys/",
        "gallery": "/journeys/gallery/",
        "canvas": f"/journeys/{journey.pk}/",
        "simulation": f"/journeys/{journey.pk}/simulation/",
        "report": f"/journeys/{journey.pk}/report/",
        "test": f"/journeys/{journey.pk}/test/",
        "why": f"/people/{contact}/",
    }
    found = {}
    for width in (1440, 390):
        page, watch = opened(browser, live_server, user, width)
        for name, url in pages.items():
            page.goto(live_server.url + url)
            page.wait_for_load_state("networkidle") if name != "canvas" else page.locator(
                "[data-step]"
            ).first.wait_for()
            if name == "test":
                page.locator("#jv-person").fill("Ana 1")
                page.locator(".tw-options [data-id]").first.click()
                page.locator(".jv-test .btn").click()
                page.locator(".jv-feed").wait_for()
                page.locator("select[name='mail.welcome']").select_option("clicked")
                page.locator("select[name='mail.welcome'] option[value=clicked][selected]").wait_for(state="attached")
                page.locator(".jv-mail summary").first.click()
            if name == "why":
                page.locator(f"[hx-get='/journeys/why/{contact}/']").click()
                page.locator("#dialog button[type=submit]").click()
                page.locator(".jv-reasons").wait_for()
            shoot(page, f"journeys_{name}_{width}")
            if width == 390:
                assert page.evaluate("document.documentElement.scrollWidth") == 390, name
            found[name, width] = violations(page)
        assert complaints(watch) == []
        page.context.close()
    assert {key: said for key, said in found.items() if said} == {}
