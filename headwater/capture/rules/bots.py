"""Who is no human, and why. Bots are labelled, never dropped."""

from __future__ import annotations

import re
from functools import lru_cache

from crawlerdetect import CrawlerDetect

_detector = CrawlerDetect()
_HEADLESS = re.compile(r"headless|phantomjs|slimerjs|puppeteer|playwright|selenium|electron/", re.I)

CRAWLER = "crawler"
HEADLESS = "headless"
DRIVEN = "driven_browser"
PREFETCH = "prefetch"
NO_AGENT = "no_user_agent"
NO_SCRIPT = "no_script_signals"


@lru_cache(maxsize=20_000)
def agent_label(user_agent: str) -> str:
    """Why this user agent is no human's browser, "" where it may be one."""
    if not user_agent:
        return NO_AGENT
    if _HEADLESS.search(user_agent):
        return HEADLESS
    return CRAWLER if _detector.isCrawler(user_agent) else ""


def label(user_agent: str, *, purpose: str, driven: bool, language: str, origin: str) -> str:
    """The label of a request from a page.

    purpose: the browser's (Sec-)Purpose header. driven: navigator.webdriver. language, origin: what any script in a
    page sends along; where both are missing, no page sent this.
    """
    if "prefetch" in purpose or "prerender" in purpose:
        return PREFETCH
    found = agent_label(user_agent[:300])
    if found:
        return found
    if driven:
        return DRIVEN
    return NO_SCRIPT if not language and not origin else ""


@lru_cache(maxsize=20_000)
def device(user_agent: str) -> str:
    """What people would call the device: "Chrome · Windows", "Safari · iPhone"."""
    from ua_parser import parse

    result = parse(user_agent)
    browser = result.user_agent.family if result.user_agent else ""
    system = result.os.family if result.os else ""
    hardware = result.device.family if result.device else ""
    browser = browser.replace("Mobile Safari", "Safari").replace("Chrome Mobile", "Chrome").replace(" iOS", "")
    place = hardware if hardware in ("iPhone", "iPad") else system.replace("Mac OS X", "macOS")
    return " · ".join(part for part in (browser, place) if part and part != "Other")[:40]
