"""A real Chromium for tests, as quiet on the network as the tests must be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What should be seen may take its time on a busy machine: it costs nothing where it comes at once.
expect.set_options(timeout=30_000)
SCREENS = Path(os.environ.get("HEADWATER_SCREENS", Path(__file__).resolve().parent / "screens"))


def chromium() -> str:
    """The browser's path: HEADWATER_CHROMIUM, else the system's."""
    found = os.environ.get("HEADWATER_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is not installed (make chromium)"
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser for the length of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """What a page complained about: console errors, policy violations, failed requests of our own."""

    def __init__(self, page: Page) -> None:
        self.problems: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda e: self.problems.append(f"script: {e}"))
        page.on("response", lambda r: self.problems.append(f"{r.status} {r.url}") if r.status >= 500 else None)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location
            self.problems.append(f"console: {message.text} ({place['url']}:{place['lineNumber']})")


def shoot(page: Page, name: str, *, themes: tuple[str, ...] = ("light", "dark"), full: bool = False) -> None:
    """Keep pictures of the page as it is, in both themes (the theme is put back)."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    before = page.evaluate("document.documentElement.className")
    for theme in themes:
        page.evaluate(
            "t => { const c = document.documentElement.classList; c.remove('light', 'dark'); c.add(t) }", theme
        )
        page.wait_for_timeout(250)  # colours fade
        page.screenshot(path=str(SCREENS / f"{name}_{theme}.png"), full_page=full)
    page.evaluate("c => { document.documentElement.className = c }", before)
