"""Who loaded a pixel or a link: a human, or a machine, and why we think so."""

from __future__ import annotations

import re
from functools import lru_cache

from crawlerdetect import CrawlerDetect

#: Gmail and others fetch pictures through a proxy when the person opens the mail: that is a human.
_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy", re.I)
_SCANNERS = re.compile(
    r"barracuda|proofpoint|mimecast|safelinks|symantec|ironport|fireeye|trendmicro|sophos|forcepoint", re.I
)
_detector = CrawlerDetect()


def why_machine(method: str, user_agent: str, purpose: str = "") -> str:
    """ "" for a human, else the reason: "HEAD request", "no user agent", "prefetch", "scanner", "bot NAME".

    purpose: the request's `Sec-Purpose` or `Purpose` header.
    """
    if method == "HEAD":
        return "HEAD request"
    if "prefetch" in purpose.lower() or "prerender" in purpose.lower():
        return "prefetch"
    return _by_agent(user_agent.strip()[:500])


@lru_cache(maxsize=4000)
def _by_agent(agent: str) -> str:
    if not agent:
        return "no user agent"
    if _PROXIES.search(agent):
        return ""
    if agent == "Mozilla/5.0":  # Apple's privacy proxy loads every picture whether the mail is read or not
        return "privacy proxy"
    scanner = _SCANNERS.search(agent)
    if scanner:
        return f"scanner {scanner[0].lower()}"
    if _detector.isCrawler(agent):
        return f"bot {_detector.getMatches() or ''}".strip()[:60]
    return ""
