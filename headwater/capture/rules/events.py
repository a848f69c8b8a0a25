"""What an event of the wire says, as a fact: kind and fields. And where a visitor came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from headwater.core.facts import KINDS

from ..facts import OPEN_KINDS, CustomEvent, FileDownloaded, FormSubmitted, LinkClicked, PageEngaged, PageViewed

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
CLICK_IDS = ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid", "hw_click")
#: click id -> (source, medium) where no UTM says better
PAID = {
    "gclid": ("google", "cpc"),
    "gbraid": ("google", "cpc"),
    "wbraid": ("google", "cpc"),
    "msclkid": ("bing", "cpc"),
    "fbclid": ("facebook", "social"),
    "ttclid": ("tiktok", "social"),
    "li_fat_id": ("linkedin", "social"),
    "twclid": ("x", "social"),
}
SEARCH = re.compile(r"(^|\.)(google|bing|duckduckgo|yahoo|baidu|naver|daum|yandex|ecosia|qwant|so|sogou)\.", re.I)
SOCIAL = re.compile(
    r"(^|\.)(facebook|instagram|linkedin|lnkd|twitter|x|t|youtube|reddit|pinterest|tiktok|weibo|kakao|threads)"
    r"\.(com|co|in|net)$",
    re.I,
)
DOTTED = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")
#: Kinds of capture's own that the API may send with properties
API_FACTS = {"page.viewed": PageViewed, "page.engaged": PageEngaged, "link.clicked": LinkClicked,
             "file.downloaded": FileDownloaded}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """kind "" : the event says who somebody is, and nothing else."""

    kind: str
    data: dict[str, Any]
    path: str = ""
    title: str = ""
    is_view: bool = False


def path_of(url: str) -> str:
    """The path of a URL, readable, without query; a leading slash always."""
    if not url:
        return ""
    return ("/" + unquote(urlsplit(url).path).lstrip("/"))[:500]


def utm_of(url: str) -> dict[str, str]:
    """UTM values and ad click ids of a URL's query; {"utm_source": ..., "gclid": ...}."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(urlsplit(url).query)[:60]:
        if value and (name in UTM or name in CLICK_IDS):
            found.setdefault(name, value[:200])
    return found


def origin_of(url: str, referrer: str, at: str) -> dict[str, str]:
    """First touch: source, medium, campaign, referrer, landing, at. A visitor without any trace is "direct"."""
    found = utm_of(url)
    host = (urlsplit(referrer).hostname or "").removeprefix("www.")
    own = (urlsplit(url).hostname or "").removeprefix("www.")
    paid = next((PAID[name] for name in CLICK_IDS if name in found and name in PAID), None)
    if found.get("utm_source"):
        source, medium = found["utm_source"], found.get("utm_medium", "")
    elif paid:
        source, medium = paid
    elif not host or host == own:
        source, medium = "direct", "none"
    elif SEARCH.search(host):
        source, medium = SEARCH.search(host).group(2).lower(), "organic"  # type: ignore[union-attr]
    elif SOCIAL.search(host):
        source, medium = host.split(".")[-2], "social"
    else:
        source, medium = host, "referral"
    said = {
        "source": source,
        "medium": medium,
        "campaign": found.get("utm_campaign", ""),
        "referrer": referrer[:500],
        "landing": path_of(url),
        "at": at,
    }
    return {k: v for k, v in said.items() if v}


def page_view(url: str, title: str, referrer: str, site: int | None) -> Said:
    """A page view with what its URL tells of campaigns."""
    found = utm_of(url)
    clicks = {k: v for k, v in found.items() if k in CLICK_IDS} or None
    fact = PageViewed(
        path=path_of(url),
        title=title,
        url=url,
        referrer=referrer,
        click_ids=clicks,
        site=site,
        **{k: v for k, v in found.items() if k in UTM},
    )
    return Said("page.viewed", fact.data(), fact.path, title, True)


def from_page(payload: Mapping[str, Any], site: int | None) -> Said:
    """An event of `/t`. Raises KeyError, ValueError on what the collector would not have let in."""
    url = payload.get("url", "")
    path = path_of(url)
    match payload["type"]:
        case "page":
            if not url:
                raise ValueError("a page needs its url")
            return page_view(url, payload.get("title", ""), payload.get("referrer", ""), site)
        case "engaged":
            seconds, scroll = payload.get("seconds", 0), payload.get("scroll", 0)
            return Said("page.engaged", PageEngaged(path=path, seconds=seconds, scroll=scroll, site=site).data(), path)
        case "click":
            text = payload.get("text", "")
            return Said("link.clicked", LinkClicked(href=payload["href"], text=text, path=path, site=site).data(), path)
        case "download":
            href = payload["href"]
            name = path_of(href).rsplit("/", 1)[-1]
            return Said("file.downloaded", FileDownloaded(href=href, name=name, path=path, site=site).data(), path)
        case "form":
            found = {k: v for k, v in utm_of(url).items() if k in ("utm_source", "utm_medium", "utm_campaign")}
            fields = payload.get("fields") or None
            fact = FormSubmitted(name=payload["form"], fields=fields, path=path, url=url, site=site, **found)  # type: ignore[arg-type]
            return Said("form.submitted", fact.data(), path)
        case "track":
            return custom(payload["name"], payload.get("properties", {}), path, site)
        case "identify":
            return Said("", {}, path)
    raise ValueError(f"an event of type {payload['type']!r} is unknown")


def from_api(payload: Mapping[str, Any]) -> Said:
    """An item of `/api/v1/events`."""
    kind, properties = payload["event"], dict(payload.get("properties") or {})
    if kind == "page.viewed":
        url = str(properties.get("url") or properties["path"])
        said = page_view(url, str(properties.get("title") or ""), str(properties.get("referrer") or ""), None)
        return Said(said.kind, {**properties, **said.data}, said.path, said.title, True)
    if kind in API_FACTS:
        return Said(kind, properties, str(properties.get("path") or ""))
    return custom(kind, properties, "", None)


def custom(name: str, properties: Mapping[str, Any], path: str, site: int | None) -> Said:
    """A custom event. A dotted lower-case name becomes a kind of its own, unless the kind is one of ours: nobody
    outside may make a fact such as "deal.won"."""
    if name in OPEN_KINDS or (DOTTED.match(name) and name not in KINDS):
        more = {k: v for k, v in (("path", path), ("site", site)) if v}
        return Said(name, {**more, **properties}, path)
    return Said(
        "event.custom", CustomEvent(name=name, properties=dict(properties) or None, path=path, site=site).data(), path
    )
