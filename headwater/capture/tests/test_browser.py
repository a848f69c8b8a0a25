"""The script and the embedded form in a real Chromium, on a site of another origin."""

from __future__ import annotations

import http.server
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from headwater.capture import sequencer

from .conftest import Database, Server

pytestmark = pytest.mark.browser
CHROMIUM = os.environ.get("HEADWATER_CHROMIUM", "/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"]  # fmt: skip
PAGE = """<!doctype html><title>{title}</title><body><h1>{title}</h1>
<a id="out" href="http://127.0.0.1:9/away" target="_blank">Partner</a>
<a id="file" href="/files/price-list.pdf">Prices</a>
<form id="own" data-hw-form="Call me" action="/thanks"><input name="email" value="form@example.com">
<input name="secret" type="password" value="x"><button>Go</button></form>
<script>document.getElementById('out').addEventListener('click', function (e) {{ e.preventDefault(); }});
document.getElementById('file').addEventListener('click', function (e) {{ e.preventDefault(); }});
document.getElementById('own').addEventListener('submit', function (e) {{ e.preventDefault(); }});</script>
{script}</body>"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    # Playwright's sync API runs an event loop in this thread, which Django takes for async code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


class Shop:
    """A web site of its own origin; `body` is put into each page."""

    def __init__(self) -> None:
        self.script = ""
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                title = self.path.split("?")[0].strip("/").title() or "Home"
                data = PAGE.format(title=title, script=shop.script).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def shop(committed: Database, server: Server) -> Iterator[Shop]:
    for table in ("capture_intake", "timeline_visitorfact", "people_visitor", "timeline_fact"):
        committed.rows(f"DELETE FROM {table}")
    made = Shop()
    key = committed.site(origins=[made.url], automated=True)[1]
    made.script = f'<script async src="{server.origin}/t.js" data-site="{key}"></script>'
    yield made
    made.server.shutdown()


def facts(database: Database, count: int, apart: str = "") -> list[tuple[str, Any]]:
    """Kinds and data in order, once `count` of them are there besides those of the kind `apart`."""
    for _ in range(100):
        while sequencer.run_once():
            pass
        rows = database.rows(
            "SELECT kind, data, at FROM timeline_visitorfact WHERE kind <> %s UNION ALL "
            "SELECT kind, data, at FROM timeline_fact WHERE kind <> %s ORDER BY at",
            apart,
            apart,
        )
        if len(rows) >= count:
            return [(kind, data) for kind, data, _ in rows]
        time.sleep(0.1)
    raise AssertionError(rows)


def test_pages_spa_links_and_consent(shop: Shop, committed: Database, page: Any) -> None:
    page.goto(f"{shop.url}/pricing?utm_source=news&utm_campaign=may", referer="https://www.google.com/search")
    page.wait_for_function("window.hw && hw.on")
    assert page.evaluate("document.cookie") == ""
    visitor = page.evaluate("hw('visitor')")
    page.evaluate("document.title = 'Plans'; history.pushState({}, '', '/plans')")
    page.wait_for_timeout(120)
    page.click("#out")
    page.click("#file")
    page.evaluate("hw('track', 'cart.filled', {items: 2})")
    # On a slow machine she stays on the first page for over a second, which is a fact of its own.
    found = facts(committed, 5, apart="page.engaged")
    assert [kind for kind, _ in found] == [
        "page.viewed", "page.viewed", "link.clicked", "file.downloaded", "cart.filled",
    ]  # fmt: skip
    first, second, out, file, cart = (data for _, data in found)
    assert (first["path"], first["title"], first["utm_source"]) == ("/pricing", "Pricing", "news")
    assert (second["path"], second["title"], second["referrer"]) == (
        "/plans", "Plans", f"{shop.url}/pricing?utm_source=news&utm_campaign=may",
    )  # fmt: skip
    assert (out["href"], out["text"]) == ("http://127.0.0.1:9/away", "Partner")
    assert (file["name"], cart["items"]) == ("price-list.pdf", 2)
    ((origin,),) = committed.rows("SELECT origin FROM people_visitor")
    assert (origin["source"], origin["campaign"], origin["landing"]) == ("news", "may", "/pricing")
    page.evaluate("hw('consent', true)")
    assert page.evaluate("document.cookie") == f"hw_v={visitor}"
    page.evaluate("hw('consent', false)")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("sessionStorage.getItem('hw_v')") == visitor


def test_identify_and_a_form_of_the_sites_own(shop: Shop, committed: Database, page: Any) -> None:
    page.goto(f"{shop.url}/")
    page.wait_for_function("window.hw && hw.on")
    page.evaluate("hw('identify', {email: 'Ana@Example.com', first_name: 'Ana'})")
    page.goto(f"{shop.url}/contact")
    page.wait_for_function("window.hw && hw.on")
    page.click("#own button")
    for _ in range(100):
        while sequencer.run_once():
            pass
        people = dict(committed.rows("SELECT email, id FROM people_contact"))
        if len(people) == 2:
            break
        time.sleep(0.1)
    assert set(people) == {"ana@example.com", "form@example.com"}
    paths = committed.rows(
        "SELECT data->>'path' FROM timeline_fact WHERE kind = 'page.viewed' AND person_id = %s ORDER BY at",
        people["ana@example.com"],
    )
    assert ("/",) in paths
    ((fields,),) = committed.rows("SELECT data->'fields' FROM timeline_fact WHERE kind = 'form.submitted'")
    assert fields == {"email": "form@example.com"}


def test_time_on_the_page_is_told_when_she_leaves(shop: Shop, committed: Database, page: Any) -> None:
    page.goto(f"{shop.url}/long")
    page.wait_for_function("window.hw && hw.on")
    page.wait_for_timeout(1600)
    page.goto("about:blank")
    found = facts(committed, 2)
    stays = [data for kind, data in found if kind == "page.engaged"]
    assert [s["path"] for s in stays] == ["/long"]
    assert stays[0]["seconds"] in (1, 2, 3)


def test_do_not_track_is_respected(shop: Shop, committed: Database, page: Any) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto(f"{shop.url}/private")
    page.wait_for_function("window.hw && hw.on")
    page.evaluate("hw('track', 'Nothing')")
    page.wait_for_timeout(500)
    assert committed.rows("SELECT count(*) FROM capture_intake") == [(0,)]
    assert page.evaluate("document.cookie + sessionStorage.length + localStorage.length") == "00"


def test_events_wait_while_the_collector_cannot_be_reached(shop: Shop, committed: Database, page: Any) -> None:
    page.route("**/t", lambda route: route.abort())
    page.goto(f"{shop.url}/offline")
    page.wait_for_function("window.hw && hw.on")
    page.wait_for_function("sessionStorage.getItem('hw_q')")
    page.unroute("**/t")
    assert [data["path"] for _, data in facts(committed, 1)] == ["/offline"]
    page.wait_for_function("!sessionStorage.getItem('hw_q')")


def test_a_form_embedded_in_the_page_makes_its_visitor_a_contact(
    shop: Shop, committed: Database, server: Server, page: Any
) -> None:
    from headwater.capture import actions

    field = {"label": "E-mail", "key": "email", "type": "email", "required": True, "maps_to": "email"}
    form = actions.create_form(name="Embedded", fields=[field], min_seconds=0, actor="t")
    tag = f'<script async src="{server.origin}/f/{form.slug}.js"></script>'
    shop.script = shop.script.replace("async ", "") + tag.replace("async ", "")
    page.goto(f"{shop.url}/paper?utm_source=ad")
    frame = page.frame_locator("iframe")
    frame.locator("button").click()
    assert frame.locator("#e-email").inner_text() == "Please fill in this field."
    frame.locator("#f-email").fill("framed@example.com")
    frame.locator("button").click()
    frame.get_by_text("We have received your answers.").wait_for()
    facts(committed, 3)
    ((person, utm, url),) = committed.rows(
        "SELECT person_id, utm, url FROM capture_formsubmission WHERE form_id = %s", form.pk
    )
    assert (utm, url) == ({"utm_source": "ad"}, f"{shop.url}/paper?utm_source=ad")
    assert committed.rows("SELECT person_id FROM people_visitor") == [(person,)]
    views = committed.rows(
        "SELECT data->>'path' FROM timeline_fact WHERE person_id = %s AND kind = 'page.viewed'", person
    )
    assert views == [("/paper",)]
