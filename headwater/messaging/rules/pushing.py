"""What a push message looks like on its way to a browser, and how much may be in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from headwater.content.rules import render

from .compose import Source, compose
from .webpush import MOST_BYTES

#: Where a click leads where nothing is written
HOME = "{{ workspace.website }}"
#: Longer ones are cut by every system: Windows shows about 60 and 130 characters, Android and macOS fewer
TITLE, BODY = 60, 130
#: How long a push service keeps a message for a browser that is away
KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody sees, and where a click leads."""

    title: str
    body: str
    link: str
    icon: str = ""
    image: str = ""


def shown(source: Source, context: Mapping[str, object]) -> Shown:
    """A version with somebody's values. Raises MissingField and TemplateProblem."""
    title, link, body = compose(source, context)
    return Shown(title, body.strip(), link, picture(source.icon, context), picture(source.image, context))


def picture(template: str, context: Mapping[str, object]) -> str:
    """The address of a picture; one that no browser would load is left out."""
    return address_of(render(template, context).strip()) if template else ""


def address_of(url: str) -> str:
    """The same of an address whose tags are filled in."""
    return url if urlsplit(url).scheme in ("https", "http") and len(url) <= 1500 else ""


def payload(said: Shown, *, message: str, receipt: str) -> bytes:
    """What the service worker gets: t title, b body, u link, i icon, m image, id, r where to tell that it was shown."""
    found = {
        "t": said.title, "b": said.body, "u": said.link, "i": said.icon, "m": said.image, "id": message, "r": receipt,
    }  # fmt: skip
    return json.dumps({k: v for k, v in found.items() if v}, ensure_ascii=False, separators=(",", ":")).encode()


def fits(body: bytes) -> bool:
    """Push services take no more than 4096 bytes."""
    return len(body) <= MOST_BYTES
