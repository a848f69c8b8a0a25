"""What can happen. Every package declares its facts in `facts.py` with this module, free of Django.

A fact is a frozen dataclass with a kind ("page.viewed"), a look (icon, hue, group) and a human sentence.
The sentence is a format string over the fact's fields; it is marked for translation by `_` and translated
when it is shown. `{person}` is the person's name, `{actor}` who did it.

    @fact("page.viewed", icon="mouse-pointer-click", hue=235, group="website", says=_("{person} viewed {title}"))
    class PageViewed(Fact):
        path: str
        title: str = ""
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar, cast, dataclass_transform

import msgspec

Group = Literal["website", "marketing", "sales", "service", "system"]
GROUPS: tuple[Group, ...] = ("website", "marketing", "sales", "service", "system")


def _(text: str) -> str:
    """Mark a sentence for translation (makemessages finds it); translated when shown."""
    return text


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of fact shows itself on a timeline."""

    icon: str
    hue: int
    group: Group
    says: str
    #: Facts that engines need but people would not read (a lane's bookkeeping) stay off the page.
    quiet: bool = False


class Fact:
    """Base of everything that can happen. Subclasses are frozen dataclasses made by `@fact`."""

    kind: ClassVar[str]
    look: ClassVar[Look]
    #: (field, its default or MISSING), in order
    _defaults: ClassVar[tuple[tuple[str, Any], ...]]

    def data(self) -> dict[str, Any]:
        """The fact's fields as JSON-ready values, empty ones left out (they come back as defaults)."""
        out = {}
        for name, default in self._defaults:
            value = getattr(self, name)
            if default is dataclasses.MISSING or value != default:
                out[name] = value
        return out


F = TypeVar("F", bound=type)
KINDS: dict[str, type[Fact]] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fact(kind: str, *, icon: str, hue: int, group: Group, says: str, quiet: bool = False) -> Callable[[F], F]:
    """Declare a kind of fact.

    kind: dotted, past tense, stable for ever ("mail.opened"). icon: a name in icons.svg. hue: one of
    25 60 90 150 190 235 265 300 345 (base palette). Raises ValueError where the kind is taken.
    """

    def wrap(cls: F) -> F:
        made: Any = dataclass(frozen=True, kw_only=True)(cls)
        known = KINDS.get(kind)
        if known is not None and known.__qualname__ != made.__qualname__:
            raise ValueError(f"fact kind {kind!r} is declared twice: {known} and {made}")
        made.kind = kind
        made.look = Look(icon, hue, group, says, quiet)
        made._defaults = tuple((f.name, f.default) for f in dataclasses.fields(made))
        KINDS[kind] = made
        return cast(F, made)

    return wrap


def look_of(kind: str) -> Look:
    """The look of a kind; kinds that came through the API and that nobody declared get a plain one."""
    cls = KINDS.get(kind)
    return cls.look if cls else Look("zap", 265, "website", "{person}: " + kind)


def revive(kind: str, data: Mapping[str, Any]) -> Fact | None:
    """A stored fact as its dataclass again. Unknown keys are dropped (an older release may have written
    them); None where the kind is not declared or a required field is missing."""
    cls = KINDS.get(kind)
    if cls is None:
        return None
    names = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    try:
        return cls(**{k: v for k, v in data.items() if k in names})
    except TypeError:
        return None


def _plain(value: Any) -> str:
    """What JSON has no form for, as text; a text of Django's own kind as a plain one."""
    return str.__str__(value) if isinstance(value, str) else str(value)


_encoder = msgspec.json.Encoder(enc_hook=_plain, decimal_format="string")


def as_json(data: Mapping[str, Any]) -> str:
    """A fact's properties as they are stored: JSON; what JSON has no form for becomes text."""
    return _encoder.encode(data).decode()
