"""Whom the tests of the editor ask about, and what its preview says."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from headwater.core import clock

from .helpers import happened, person


def people() -> tuple[int, int, int]:
    """Ana, a Korean VIP who looked at the prices twice; Ben, a Korean; Cleo, a German."""
    ana = person(name="Ana", tags=["vip"], country="KR")
    for _ in range(2):
        happened(ana, "page.viewed", clock.now(), path="/pricing")
    return ana, person(name="Ben", country="KR"), person(name="Cleo", country="DE")


def count(page: Page, n: int) -> None:
    page.locator(".seg-preview:not([aria-busy]) .seg-count b", has_text=re.compile(f"^{n}$")).wait_for()
