"""Signing in with a code from an app and with a passkey, in a real browser with a virtual authenticator."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from playwright.sync_api import Page, expect

from headwater.accounts.models import User
from headwater.core.setup import after_migrate
from tests.browser import Watch, launched, shoot

PASSWORD = "a long password of ours"


@pytest.fixture
def somebody(transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in this thread
    after_migrate()
    return User.objects.create_user(username="m@demo.example", email="m@demo.example", password=PASSWORD)


def sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.locator("[name=login]").fill("m@demo.example")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form.login button[type=submit], form button[type=submit]").first.click()


def sign_out(page: Page, base: str) -> None:
    page.wait_for_load_state("networkidle")
    page.goto("about:blank")  # an answer that is still under way would bring its cookies back
    page.context.clear_cookies()


def code_for(secret: str) -> str:
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


@pytest.mark.browser
def test_a_code_from_an_app_is_set_up_and_asked_for(somebody: User, live_server: Any) -> None:
    with launched() as browser:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.route("**/live?*", lambda route: route.abort())
        watch = Watch(page)
        sign_in(page, live_server.url)
        page.wait_for_url(re.compile(r"/(?!accounts/)"))
        page.goto(f"{live_server.url}/accounts/2fa/totp/activate/")
        if "reauthenticate" in page.url:
            page.locator("[name=password]").fill(PASSWORD)
            page.locator("main button[type=submit], form button[type=submit]").first.click()
        secret = page.locator("#authenticator_secret").input_value()
        shoot(page, "totp_set_up", themes=("light",))
        page.locator("[name=code]").fill(code_for(secret))
        page.locator("form:has([name=code]) button[type=submit]").click()
        expect(page).not_to_have_url(re.compile("totp/activate"))
        assert Authenticator.objects.filter(user=somebody, type="totp").count() == 1

        sign_out(page, live_server.url)
        sign_in(page, live_server.url)
        page.locator("[name=code]").wait_for()
        page.locator("[name=code]").fill("000000")
        page.locator("form:has([name=code]) button[type=submit]").first.click()
        page.locator("[name=code]").wait_for()
        assert "/accounts/2fa/" in page.url
        cache.clear()  # a code counts once: the one of the set-up is still the one of now
        page.locator("[name=code]").fill(code_for(secret))
        page.locator("form:has([name=code]) button[type=submit]").first.click()
        page.wait_for_url(re.compile(r"^[^?]*//[^/]+/(?!accounts/)"))
        assert [p for p in watch.problems if "/live?" not in p] == []


@pytest.mark.browser
def test_a_passkey_is_added_and_signs_in_without_a_password(somebody: User, live_server: Any) -> None:
    base = live_server.url.replace("127.0.0.1", "localhost")
    with launched() as browser:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.route("**/live?*", lambda route: route.abort())
        watch = Watch(page)
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                    "isUserVerified": True, "automaticPresenceSimulation": True,
                }
            },
        )  # fmt: skip
        sign_in(page, base)
        page.wait_for_url(re.compile(r"/(?!accounts/)"))
        page.goto(f"{base}/accounts/2fa/webauthn/add/")
        if "reauthenticate" in page.url:
            page.locator("[name=password]").fill(PASSWORD)
            page.locator("main button[type=submit], form button[type=submit]").first.click()
        page.locator("[name=name]").fill("My laptop")
        passwordless = page.locator("[name=passwordless]")
        if passwordless.count():
            passwordless.check()
        shoot(page, "passkey_add", themes=("light",))
        page.locator("#mfa_webauthn_add").click()
        expect(page).not_to_have_url(re.compile("webauthn/add"))
        assert Authenticator.objects.filter(user=somebody, type="webauthn").count() == 1

        sign_out(page, base)
        page.goto(f"{base}/accounts/login/")
        page.locator("#passkey_login").click()
        page.wait_for_url(re.compile(r"^[^?]*//[^/]+/(?!accounts/)"))
        assert [p for p in watch.problems if "/live?" not in p] == []
