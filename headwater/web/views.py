"""The Ctrl+K palette and the error pages."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe
from psycopg_pool import PoolTimeout

from headwater.core.registry import search_sources

from .context import Shell, offered, url_of, visible

#: Records of each kind that the palette shows
HITS = 6
LONGEST = 100


@dataclass(frozen=True)
class Entry:
    """A page or an action in the palette."""

    label: Any
    icon: str
    url: str
    keys: list[str]


@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """What fits `q`, grouped: actions, pages, then the records of every search source."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    shell = Shell(request)
    groups = [
        (source.label, source.find(request.user, text, HITS))
        for source in sorted(search_sources, key=lambda source: source.order)
        if text
    ]
    context = {
        "q": text,
        "actions": [entry for entry in _actions(shell) if _fits(entry, text)][: 8 if text else 6],
        "pages": [entry for entry in _pages(shell) if _fits(entry, text)],
        "groups": [(label, hits) for label, hits in groups if hits],
    }
    return render(request, "web/palette.html", context)


def _fits(entry: Entry, text: str) -> bool:
    """Every word is in the label; an empty search fits everything."""
    label = str(entry.label).casefold()
    return all(word in label for word in text.casefold().split())


def _actions(shell: Shell) -> list[Entry]:
    return [Entry(a.label, a.icon, url, a.shortcut.split()) for a in offered(shell.role) if (url := url_of(a.url))]


def _pages(shell: Shell) -> list[Entry]:
    entries = [
        Entry(item.label, item.icon, url, shell.keys.get(item.name, "").split())
        for item in visible(shell.role)
        if (url := url_of(item.url))
    ]
    return entries


@login_not_required
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for the icon beside what is no page (a file, the API); pages name it themselves."""
    return redirect(static("web/favicon.svg"))


@login_not_required
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 400)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 403)


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 404)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from a page that was open too long, or cookies are off."""
    return _error(request, 403, template="web/errors/csrf.html")


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Stands alone: the database may be what failed. Where it is, that is said, and when to come again."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError, PoolTimeout)):
        response = render(request, "web/errors/503.html", status=503)
        response["Retry-After"] = "2"
        return response
    return render(request, "web/errors/500.html", status=500)


def _error(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    """Inside the shell for people who are signed in, a page of its own for the rest."""
    user = getattr(request, "user", None)
    inside = user is not None and user.is_authenticated
    context = {"base": "web/errors/inside.html" if inside else "web/errors/outside.html", "status": status}
    return render(request, template or f"web/errors/{status}.html", context, status=status)
