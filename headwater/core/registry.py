"""Where upper packages add to lower ones: navigation, record panels, palette entries, worker loops.

A package imports only downwards; what it wants to show on a page below it, it registers here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things in registration order; a name taken twice is an error at import, not a surprise later."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> T:
        if name in self._items and self._items[name] != item:
            raise ValueError(f"{self.what} {name!r} is registered twice")
        self._items[name] = item
        return item

    def get(self, name: str) -> T | None:
        return self._items.get(name)

    def __getitem__(self, name: str) -> T:
        return self._items[name]

    def __contains__(self, name: str) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def items(self) -> list[tuple[str, T]]:
        return list(self._items.items())


@dataclass(frozen=True)
class NavItem:
    """A line in the sidebar. `section`: "" (top), "records", "marketing", "sales", "settings"."""

    name: str
    label: Any  # lazy translation
    icon: str
    url: str  # url name, reversed when shown
    section: str = ""
    order: int = 100
    #: roles that see it; empty: everybody
    roles: tuple[str, ...] = ()
    #: optional counter shown at the right, called with the request
    count: Callable[[Any], int | None] | None = None
    #: Other url namespaces or path prefixes under which the item counts as current
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A box on a record page. `context(request, record)` returns what `template` gets, or None to stay away.

    place: "left" (properties), "rail" (right column), "tab" (own tab of the middle column), "action"
    (button row under the name).
    """

    name: str
    record: str  # "contact" | "company" | "deal"
    place: str
    template: str
    context: Callable[[Any, Any], dict[str, Any] | None]
    label: Any = ""
    order: int = 100


@dataclass(frozen=True)
class PaletteAction:
    """An action that Ctrl+K offers."""

    name: str
    label: Any
    icon: str
    url: str  # url name
    shortcut: str = ""
    order: int = 100
    #: roles that are offered it; empty: everybody
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class TopSlot:
    """Something small at the right end of every page's header bar. `template` gets the page's context and must not
    ask the database: it fetches its own state when it is loaded, and stays while pages are swapped below it."""

    name: str
    template: str
    order: int = 100


@dataclass(frozen=True)
class SearchSource:
    """Records that Ctrl+K finds: `find(user, text, limit)` returns SearchHits."""

    name: str
    label: Any
    find: Callable[[Any, str, int], list[SearchHit]]
    order: int = 100


@dataclass(frozen=True)
class SearchHit:
    title: str
    subtitle: str
    url: str
    icon: str = ""
    initials: str = ""
    hue: int = 265


@dataclass(frozen=True)
class Loop:
    """Work that the worker calls again and again. `run_once()` does one short batch in its own transaction
    and returns how many things it did; 0 means nothing to do. Loops of one `thread` run in `order`, one after
    the other, until all answer 0; then the thread sleeps until a NOTIFY or `every` seconds have passed. `pause`: not
    again sooner than that after less than `full` was done, however busy the thread is: for what need not be done in
    each round."""

    name: str
    run_once: Callable[[], int]
    order: int
    thread: str = "engine"
    every: float = 0.5
    pause: float = 0.0
    full: int = 1


navigation: Registry[NavItem] = Registry("navigation item")
panels: Registry[Panel] = Registry("panel")
top_slots: Registry[TopSlot] = Registry("slot of the top bar")
palette_actions: Registry[PaletteAction] = Registry("palette action")
search_sources: Registry[SearchSource] = Registry("search source")
loops: Registry[Loop] = Registry("loop")
#: name -> callable() -> what `headwater doctor` finds: problems as words, or findings (core.doctor.Finding)
doctor_checks: Registry[Callable[[], list[Any]]] = Registry("doctor check")
#: name -> callable(argparse.Namespace, progress) -> dict : what `headwater bench NAME` runs
benches: Registry[Callable[..., dict[str, Any]]] = Registry("bench")
#: What a package does where an installation begins again from a backup: hold what may have gone out since. Each returns
#: lines for the administrator
restores: Registry[Callable[[], list[str]]] = Registry("restore")
#: Called when a worker starts; each returns what ends it (the demo's mail catcher is one)
worker_services: Registry[Callable[[], Callable[[], None]]] = Registry("worker service")
