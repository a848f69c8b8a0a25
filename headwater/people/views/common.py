"""What the views share: who asks, which list, which panels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static

from headwater.core import actors
from headwater.core.registry import Panel, panels

from .. import registry
from ..queries import Listing


def is_fragment(request: HttpRequest) -> bool:
    """Does htmx ask for a part of a page?"""
    return request.headers.get("HX-Request-Type") == "partial"


def actor(request: HttpRequest) -> str:
    return actors.user(request.user.pk or 0)


def listing_of(given: Mapping[str, str]) -> Listing:
    """The list that a query string describes; what is unknown in it is left out."""
    given = {name: value.replace("\0", "") for name, value in given.items()}
    filters = tuple((f.name, given[f.name].strip()[:200]) for f in registry.filters if given.get(f.name, "").strip())
    sort = given.get("sort", "")
    way = {"asc": False, "desc": True}.get(given.get("way", ""))
    return Listing(given.get("q", "").strip()[:100], filters, sort if sort in registry.sorts else "created", way)


def query_of(listing: Listing, **changes: str | None) -> str:
    """A list as a query string; `changes` set parts of it, None takes them out."""
    values: dict[str, str | None] = {"q": listing.q, **dict(listing.filters)}
    if listing.sort != "created":
        values["sort"] = listing.sort
    if listing.descending is not None:
        values["way"] = "desc" if listing.descending else "asc"
    return urlencode({k: v for k, v in {**values, **changes}.items() if v})


def listing_in(text: str) -> Listing:
    """The list out of which a person was opened (`?in=`)."""
    return listing_of(dict(parse_qsl(text[:1000])))


def shown(request: HttpRequest, record: str, place: str, subject: Any, only: str = "") -> list[dict[str, Any]]:
    """The panels of one place, rendered; those that have nothing to say stay away."""
    out = []
    for panel in places(record, place):
        if only and panel.name != only:
            continue
        context = panel.context(request, subject)
        if context is not None:
            html = render_to_string(panel.template, {"record": subject, "panel": panel, **context}, request)
            out.append({"name": panel.name, "label": panel.label, "html": html})
    return out


def places(record: str, place: str) -> list[Panel]:
    """The panels of one place, in their order."""
    found = [p for p in panels if p.record == record and p.place == place]
    return sorted(found, key=lambda p: (p.order, p.name))


def icons() -> str:
    """The address of the icons, for lines that are repeated too often for a component."""
    return static("web/icons.svg")
