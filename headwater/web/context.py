"""What every page of the shell shows: menu, workspace, theme, language. All of it lazy: a fragment pays nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import User, Workspace
from headwater.accounts.queries import active_users, workspace
from headwater.core.registry import NavItem, PaletteAction, TopSlot, navigation, palette_actions, top_slots

THEMES = ("light", "dark", "system")
THEME_COOKIE = "headwater_theme"
STYLES = [
    f"web/css/{name}.css"
    for name in (
        "base", "shell", "components", "forms", "record", "board", "table", "dialogs", "charts", "settings",
    )
]  # fmt: skip
SCRIPTS = [
    "vendor/htmx.min.js",
    "vendor/hx-preload.min.js",
    *[
        f"web/js/{name}.js"
        for name in ("app", "toasts", "dialogs", "palette", "shortcuts", "table", "live", "unsaved", "hits")
    ],
]
#: Whom the sign-in page of a demo offers; their password is no secret there
DEMO_USERS = ("maria@demo.example", "rafael@demo.example", "admin@demo.example")
SECTIONS = {"": "", "records": _("Records"), "marketing": _("Marketing"), "sales": _("Sales")}


@dataclass(frozen=True)
class Line:
    """A line of the sidebar as the template needs it."""

    name: str
    label: str
    icon: str
    url: str
    current: bool = False
    keys: str = ""
    count: int | None = None
    bottom: bool = False


@dataclass(frozen=True)
class Section:
    label: str
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Shortcut:
    keys: str
    label: str
    url: str
    #: Nothing else on the page carries these keys, so the list itself must
    hidden_link: bool

    @property
    def parts(self) -> list[str]:
        return self.keys.split()


def visible(role: str, section: str | None = None) -> list[NavItem]:
    """Menu entries that a role sees, in order."""
    items = [
        item
        for item in navigation
        if (not item.roles or role in item.roles) and (section is None or item.section == section)
    ]
    return sorted(items, key=lambda item: item.order)


def offered(role: str) -> list[PaletteAction]:
    """Actions that a role may use, in order."""
    return sorted((a for a in palette_actions if not a.roles or role in a.roles), key=lambda action: action.order)


@cache
def url_of(name: str) -> str:
    """The address of a url name, "" when its package brings none (yet). The menu asks for 40 of them on each page."""
    if name.startswith("/"):
        return name
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def assign_keys(items: list[NavItem]) -> dict[str, str]:
    """A second key after `g` for each entry: the first letter of its name that is still free."""
    taken: dict[str, str] = {}
    for item in items:
        for letter in item.name.rpartition(":")[2].lower():
            if letter.isalpha() and letter.isascii() and letter not in taken:
                taken[letter] = item.name
                break
    return {name: f"g {letter}" for letter, name in taken.items()}


class Shell:
    """`shell` in every template."""

    languages = settings.LANGUAGES
    styles = STYLES
    scripts = SCRIPTS

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user: Any = getattr(request, "user", None)

    @cached_property
    def workspace(self) -> Workspace:
        return workspace()

    @property
    def demo_users(self) -> list[User]:
        if not self.workspace.is_demo:
            return []
        known = {user.email: user for user in active_users().filter(email__in=DEMO_USERS)}
        return [known[email] for email in DEMO_USERS if email in known]

    @property
    def role(self) -> str:
        return getattr(self.user, "role", "")

    @property
    def language(self) -> str:
        return get_language() or "en"

    @property
    def html_lang(self) -> str:
        """As browsers want it: zh-Hans, not zh-hans, so that the right glyphs are chosen."""
        return {"zh-hans": "zh-Hans"}.get(self.language, self.language)

    @cached_property
    def theme(self) -> str:
        chosen = getattr(self.user, "theme", "") or self.request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else "system"

    @property
    def theme_class(self) -> str:
        """What the server can know; theme.js settles "system" before the first paint."""
        return "" if self.theme == "system" else self.theme

    @property
    def theme_is_light(self) -> bool:
        return self.theme == "light"

    @property
    def theme_is_dark(self) -> bool:
        return self.theme == "dark"

    @property
    def theme_is_system(self) -> bool:
        return self.theme == "system"

    @cached_property
    def current(self) -> str:
        """The name of the entry whose address or prefix matches the page's path best."""
        path = self.request.path
        best, length = "", 0
        for item in visible(self.role):
            for prefix in (url_of(item.url), *item.prefixes):
                fits = path == "/" if prefix == "/" else bool(prefix) and path.startswith(prefix)
                if fits and len(prefix) > length:
                    best, length = item.name, len(prefix)
        return best

    @cached_property
    def keys(self) -> dict[str, str]:
        return assign_keys([item for item in visible(self.role) if item.section != "settings"])

    def _lines(self, section: str) -> Iterator[Line]:
        for item in visible(self.role, section):
            url = url_of(item.url)
            if url:
                count = item.count(self.request) if item.count else None
                current = item.name == self.current
                yield Line(item.name, str(item.label), item.icon, url, current, self.keys.get(item.name, ""), count)

    @cached_property
    def sections(self) -> list[Section]:
        """The sidebar. Settings come last, as one line at the bottom."""
        found = [Section(str(label), list(self._lines(name))) for name, label in SECTIONS.items()]
        in_settings = self.request.path.startswith("/settings/") or self.current in {
            item.name for item in visible(self.role, "settings")
        }
        profile = url_of("accounts:profile")
        line = Line("settings", gettext("Settings"), "settings", profile, in_settings, "g ,", None, True)
        return [section for section in found if section.lines] + [Section("", [line])]

    @property
    def top_slots(self) -> list[TopSlot]:
        return sorted(top_slots, key=lambda slot: slot.order)

    @cached_property
    def settings_lines(self) -> list[Line]:
        """The menu of the settings pages."""
        return list(self._lines("settings"))

    @cached_property
    def shortcuts(self) -> list[Shortcut]:
        """Every key for the `?` sheet: pages first, then actions."""
        rows = [
            Shortcut(line.keys, line.label, line.url, False)
            for section in self.sections
            for line in section.lines
            if line.keys
        ]
        for action in offered(self.role):
            url = url_of(action.url)
            if action.shortcut and url:
                rows.append(Shortcut(action.shortcut.lower(), str(action.label), url, True))
        return rows


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    return {"shell": Shell(request)}
