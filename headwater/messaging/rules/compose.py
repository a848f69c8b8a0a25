"""From a template's version and a person's values to a letter's subject, HTML and text."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from minijinja import safe

from headwater.content.rules import MissingField, TemplateProblem, render

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
_LINK = re.compile(r"\{\{ hw\.l(\d+) \}\}")

#: Put at the end of templates that do not link to {{ unsubscribe_url }} themselves; shown in marketing mail only.
FOOTER = (
    '{% if hw.marketing %}<mj-section padding="24px 0"><mj-column><mj-text align="center" font-size="12px" '
    'line-height="1.6" color="#6b7280" font-family="Inter, Helvetica, Arial, sans-serif">{{ workspace.name }}'
    "{% if workspace.postal_address %} · {{ workspace.postal_address }}{% endif %}<br/>"
    '<a href="{{ unsubscribe_url }}" style="color:#6b7280">Unsubscribe</a> · '
    '<a href="{{ view_url }}" style="color:#6b7280">View in browser</a></mj-text></mj-column></mj-section>{% endif %}'
)
TEXT_FOOTER = "\n{% if hw.marketing %}\n--\nUnsubscribe: {{ unsubscribe_url }}\n{% endif %}"


@dataclass(frozen=True)
class Source:
    """A version of a template, ready to render."""

    template_id: int
    version: int
    name: str
    purpose: str
    subject: str
    html: str
    text: str
    from_name: str = ""
    from_address: str = ""
    reply_to: str = ""
    channel: str = "email"
    #: Of a push message; where it leads is its `html`
    icon: str = ""
    image: str = ""

    @cached_property
    def links(self) -> tuple[int, ...]:
        """The ids of its tracked links."""
        return tuple(dict.fromkeys(int(n) for n in _LINK.findall(self.html + self.text)))

    @cached_property
    def probe(self) -> str:
        """The merge tags alone: renders a hundred times faster than the mail, and misses what the mail misses."""
        tags = _TAG.findall(self.subject + self.html + self.text + self.icon + self.image)
        return "".join(t for t in tags if not _LINK.fullmatch(t))


@dataclass(frozen=True, slots=True)
class Urls:
    """The addresses of one message: unsubscribing, viewing in the browser, the pixel, and click links by id."""

    unsubscribe: str
    view: str
    pixel: str
    clicks: Mapping[int, str]


def values(
    base: Mapping[str, Any], extra: Mapping[str, Any], *, marketing: bool, urls: Urls | None = None
) -> dict[str, Any]:
    """Everything a template may use: the request's own values, the person's, the message's addresses. There is always
    an "event", with what she "waited" for, so that a tag of it may have a fallback."""
    extra = {**extra, "event": {"waited": {}, **(extra.get("event") or {})}}
    hw: dict[str, Any] = {"marketing": marketing}
    if urls is None:
        return {**extra, **base, "unsubscribe_url": "#", "view_url": "#", "hw": hw}
    if urls.pixel:
        hw["pixel"] = _plain(urls.pixel)
    for number, url in urls.clicks.items():
        hw[f"l{number}"] = _plain(url)
    own = {"unsubscribe_url": _plain(urls.unsubscribe), "view_url": _plain(urls.view)}
    return {**extra, **base, **own, "hw": hw}


def _plain(url: str) -> Any:
    """Our own addresses without `&#x2f;` for every slash: they hold nothing that needs escaping."""
    return safe(html.escape(url))


def check(source: Source, context: Mapping[str, Any]) -> str:
    """The rendered subject. Raises MissingField or TemplateProblem where any part of the mail would not render."""
    render(source.probe, context)
    return subject(source, context)


def subject(source: Source, context: Mapping[str, Any]) -> str:
    """The subject on one line, at most 300 characters."""
    return " ".join(render(source.subject, context).split())[:300]


def readable_subject(source: Source, context: Mapping[str, Any]) -> str:
    """The subject of a mail that is not sent: with its values, or an ellipsis where they are missing."""
    try:
        return subject(source, context)
    except (MissingField, TemplateProblem):
        return _TAG.sub("…", source.subject)[:300]


def compose(source: Source, context: Mapping[str, Any]) -> tuple[str, str, str]:
    """(subject, html, text). Raises MissingField and TemplateProblem."""
    return subject(source, context), render(source.html, context, html=True), render(source.text, context)
