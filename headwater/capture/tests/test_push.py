"""Push messages on a web site: settings, scripts, what browsers tell; and the whole way in a real Chromium."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from headwater.accounts.models import Role, User, Workspace
from headwater.capture.actions import create_site, update_site
from headwater.capture.models import Site
from headwater.capture.rules.forms import Invalid
from headwater.capture.rules.push import origin_allowed
from headwater.messaging import pushes
from headwater.messaging.actions import MailRequest, PushText, create_template, queue_pushes
from headwater.messaging.channels import http
from headwater.messaging.models import Message, PushDevice, VisitorPush
from headwater.messaging.queries import application_key
from headwater.messaging.tests.push_server import Browser, PushService, b64, running
from headwater.people.actions import Identity, identify
from headwater.people.models import Consent
from headwater.timeline import dispatch

CHROMIUM = os.environ.get("HEADWATER_CHROMIUM", "/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"]  # fmt: skip
ORIGIN = "https://shop.example"


@pytest.fixture
def site(db: None) -> Site:
    made = create_site(name="Shop", actor="system", allowed_origins=[ORIGIN])
    return update_site(made.pk, actor="system", push=True, push_prompt={"title": "News?", "pages": 2})


def tell(site: Site, what: str, said: Any, origin: str = ORIGIN) -> Any:
    return Client().post(
        f"/push/{site.public_key}/{what}", json.dumps(said), content_type="text/plain",
        headers={"origin": origin, "user-agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0"},
    )  # fmt: skip


def given(name: str) -> dict[str, Any]:
    return Browser(name, PushService()).given() | {"endpoint": f"https://push.example/send/{name}"}


def test_the_script_says_what_the_site_asks_and_nothing_where_it_is_off(site: Site, client: Client) -> None:
    script = client.get(f"/push/{site.public_key}.js")
    assert script["Content-Type"] == "text/javascript; charset=utf-8"
    text = script.content.decode()
    assert '"title": "News?"' in text
    assert f'"key": "{application_key()}"' in text
    assert "push-worker" not in text
    file = client.get(f"/push/{site.public_key}/headwater-push.js")
    assert f"importScripts('http://testserver/push/{site.public_key}/worker.js');" in file.content.decode()
    assert b"notificationclick" in client.get(f"/push/{site.public_key}/worker.js").content
    update_site(site.pk, actor="system", push=False)
    assert b"switched off" in client.get(f"/push/{site.public_key}.js").content
    assert client.get("/push/site_unknown/worker.js").status_code == 404


def test_a_browser_subscribes_with_the_words_it_was_asked_by_and_unsubscribes(site: Site) -> None:
    said = {"visitor": "visitor-1", "subscription": given("a"), "asked": True, "text": "News?", "url": f"{ORIGIN}/x"}
    assert tell(site, "subscribe", said, "https://other.example").status_code == 403
    answer = tell(site, "subscribe", said)
    assert (answer.json(), answer["Access-Control-Allow-Origin"]) == ({"state": "on"}, ORIGIN)
    row = VisitorPush.objects.get()
    assert (row.agent, row.site_id, row.proof["text"]) == ("Chrome, Windows", site.pk, "News?")
    assert tell(site, "subscribe", {**said, "visitor": "visitor-2", "asked": False}).json() == {"state": "on"}
    assert tell(site, "replace", {"before": given("a")["endpoint"], "subscription": given("b")}).json()["state"] == "on"
    assert tell(site, "unsubscribe", {"endpoint": given("b")["endpoint"]}).json() == {"state": "ended"}
    assert VisitorPush.objects.count() == 0
    assert tell(site, "subscribe", {**said, "asked": False}).json() == {"state": "ended"}
    for wrong in (
        {}, {**said, "subscription": {"endpoint": "http://10.0.0.1/"}}, {**said, "visitor": ""},
        {**said, "subscription": {**given("a"), "endpoint": "http://push.example/send/a"}},
    ):  # fmt: skip
        assert tell(site, "subscribe", wrong).status_code == 422
    update_site(site.pk, actor="system", push=False)
    assert tell(site, "subscribe", said).status_code == 403


def test_settings_are_checked_kept_and_shown(site: Site, client: Client) -> None:
    client.force_login(User.objects.create(email="m@example.org", role=Role.MARKETER))
    page = client.get(f"/sites/{site.pk}/push/").content.decode()
    assert "headwater-push.js" in page
    assert f"{ORIGIN}/headwater-push.js" in page
    values = {"push": "on", "title": "Hello?", "text": "", "yes": "Yes", "no": "No", "pages": 5, "again": 9}
    answer = client.post(f"/sites/{site.pk}/push/", {**values, "worker": "nonsense"})
    assert "A path on your site" in answer.content.decode()
    assert client.post(f"/sites/{site.pk}/push/", {**values, "worker": "/js/sw.js"}).status_code == 302
    assert Site.objects.get().push_prompt["worker"] == "/js/sw.js"
    found = client.post(f"/sites/{site.pk}/push/check/", {"address": "https://127.0.0.1/headwater-push.js"})
    assert "an address of the own network" in found.content.decode()
    with pytest.raises(Invalid):
        update_site(site.pk, actor="system", push_prompt={"pages": -1})
    client.force_login(User.objects.create(username="s", email="s@example.org", role=Role.SALES))
    assert client.get(f"/sites/{site.pk}/push/").status_code == 403
    assert [origin_allowed(o, ["https://*.example.com"]) for o in ("https://a.example.com", "https://example.com")] == [
        True, False,
    ]  # fmt: skip


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    monkeypatch.setenv(http.PRIVATE, "1")
    with running(PushService()) as made:
        yield made


#: Stands for what is outside of the machine: the browser's own push service. All else is the product's.
REPLACED = """(() => {
  const raw = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const given = GIVEN; let held = sessionStorage.held ? given : null;
  const made = () => ({ endpoint: given.endpoint, options: { applicationServerKey: raw(sessionStorage.held) },
    toJSON: () => given, unsubscribe: async () => { delete sessionStorage.held; held = null; return true; } });
  PushManager.prototype.subscribe = async function (options) {
    sessionStorage.held = btoa(String.fromCharCode(...new Uint8Array(options.applicationServerKey)));
    sessionStorage.times = Number(sessionStorage.times || 0) + 1; held = given; return made(); };
  PushManager.prototype.getSubscription = async () => (held ? made() : null);
  Notification.requestPermission = async () => Notification.permission;
})();"""


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_visitor_is_asked_softly_agrees_is_identified_and_sees_the_message(
    live_server: Any, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's own site in Chromium: our question, then the subscription; the message by the real service worker."""
    from playwright.sync_api import sync_playwright

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    url = live_server.url
    Workspace.objects.update_or_create(
        pk=1, defaults={"name": "Northstar", "base_url": url, "website": f"{url}/site/", "is_demo": True}
    )
    site = create_site(name="Northstar", actor="system", count_automated=True)
    prompt = {"title": "New benchmarks?", "pages": 2, "worker": "/site/headwater-push.js"}
    update_site(site.pk, actor="system", push=True, push_prompt=prompt)
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        context = browser.new_context(permissions=["notifications"])
        context.add_init_script(REPLACED.replace("GIVEN", json.dumps(service.browser("laptop").given())))
        page = context.new_page()
        page.goto(f"{url}/site/")
        page.wait_for_function("window.hw && window.hw.on")
        page.wait_for_timeout(400)
        assert page.locator("#headwater-push").count() == 0  # never on the first view
        page.goto(f"{url}/site/pricing/")
        page.wait_for_timeout(400)
        assert page.locator("#headwater-push").count() == 0  # one question at a time: cookies come first
        page.get_by_role("button", name="No, thanks").click()
        page.reload()
        page.get_by_role("dialog", name="New benchmarks?").wait_for()
        if shots := os.environ.get("HEADWATER_SHOTS"):
            page.screenshot(path=f"{shots}/soft-prompt.png")
        with page.expect_response("**/subscribe") as told:
            page.get_by_role("button", name="Yes, please").click()
        assert told.value.json() == {"state": "on"}
        assert page.evaluate("headwater.push.state()") == "on"
        visitor = VisitorPush.objects.get().visitor_id
        person = identify([Identity(email="ana@example.org", visitor_id=visitor)])[0]
        dispatch.run_all()
        assert Consent.objects.get(person_id=person, channel="push").proof["text"].startswith("New benchmarks?")
        template = create_template(name="News", says=PushText("Hi {{ contact.email }}", "Look"), actor="test").pk
        queue_pushes([MailRequest(person, template, "1", "journey:1")])
        pushes.run_once()
        message = service.taken[0][1]
        # the real service worker gets it, as the browser hands it over
        registered = deliver(context, page, url, json.dumps(message))
        assert registered["title"] == "Hi ana@example.org"
        assert registered["tag"] == message["id"]
        for _ in range(50):
            if Message.objects.get(person_id=person).delivered_at:
                break
            page.wait_for_timeout(100)
        assert Message.objects.get(person_id=person).delivered_at is not None
        page.evaluate("headwater.push.off()")
        assert page.evaluate("headwater.push.state()") == "off"
        assert PushDevice.objects.get(person_id=person).ended_why == "browser"
        assert Consent.objects.get(person_id=person, channel="push").state == "withdrawn"
        browser.close()
    assert b64(service.browser("laptop").auth)


def deliver(context: Any, page: Any, url: str, data: str) -> dict[str, Any]:
    """Hand a push message to the page's service worker; what it shows."""
    session = context.new_cdp_session(page)
    found: list[str] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda e: found.extend(
        r["registrationId"] for r in e["registrations"] if "headwater-push" in r["scopeURL"]
    ))  # fmt: skip
    session.send("ServiceWorker.enable")
    for _ in range(50):
        if found:
            break
        page.wait_for_timeout(100)
    session.send("ServiceWorker.deliverPushMessage", {"origin": url, "registrationId": found[-1], "data": data})
    shown = (
        "(async () => { const r = await navigator.serviceWorker.getRegistration('/site/headwater-push/');"
        "for (let n = 0; n < 50; n++) { const [one] = await r.getNotifications(); if (one) return {title: one.title, "
        "body: one.body, tag: one.tag}; await new Promise((done) => setTimeout(done, 100)); } return {}; })()"
    )
    return page.evaluate(shown)  # type: ignore[no-any-return]
