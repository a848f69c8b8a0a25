"""Where upper packages add to the Today page: each source says whom to call, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from headwater.accounts.models import User
from headwater.core.registry import Registry


@dataclass(frozen=True)
class TodayItem:
    """A line of the Today page. `why` is what makes it worth doing now; `due` shows as a running clock if `clock`."""

    title: str
    why: str
    url: str
    person_id: int | None = None
    name: str = ""
    company: str = ""
    hue: int = 265
    due: datetime | None = None
    late: bool = False
    clock: bool = False
    chip: str = ""
    chip_hue: int = 265
    icon: str = "phone"
    #: Set where the line is a task that can be ticked off here
    task_id: int | None = None
    #: Buttons: label and the url that they POST to
    buttons: Sequence[tuple[Any, str]] = field(default=())


@dataclass(frozen=True)
class TodaySource:
    """A section of the page. `find(user, now, limit)` returns its lines, the most urgent first."""

    name: str
    label: Any
    icon: str
    find: Callable[[User, datetime, int], list[TodayItem]]
    order: int = 100
    #: What to say where there is nothing; "" hides the section
    empty: Any = ""
    #: Calls to people who stand here are not listed once more further down
    covers_calls: bool = False


today_sources: Registry[TodaySource] = Registry("today source")
