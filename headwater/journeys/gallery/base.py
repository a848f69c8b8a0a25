"""What a template of the gallery is made of. Its texts are lazy: they are said in the language that is active when it
is shown or installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Goal = Literal["awareness", "consideration", "decision", "action", "retention"]
#: What a journey is for: the parts of the funnel
GOALS: dict[str, tuple[Any, int]] = {
    "awareness": (_("Awareness"), 235),
    "consideration": (_("Consideration"), 265),
    "decision": (_("Decision"), 60),
    "action": (_("Action"), 150),
    "retention": (_("Retention"), 345),
}
#: Steps by which people are kept from getting lost in a template's dictionary of steps
Steps = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Mail:
    """A mail of a template. Its words stand in mails/TEMPLATE.LANGUAGE.md under `key`."""

    key: str
    name: Any
    purpose: str = "marketing"


@dataclass(frozen=True)
class Ask:
    """What a template asks when it is installed.

    kind "form": one of the forms; the first whose name has one of the `hint`s is offered. "tag": a tag. "link": the
    address of a page, which the mails lead to. "date": a day. default: of a "date", in how many days.
    """

    key: str
    kind: Literal["form", "tag", "link", "date"]
    label: Any
    default: Any = ""
    hint: Sequence[str] = ()


@dataclass(frozen=True)
class Need:
    """What must be there for a template to do something; `needs.py` looks whether it is. of: the kind of event, or the
    field. example: properties of the event, as a shop or an application would send them."""

    kind: Literal["site", "form", "event", "field", "takers", "customers", "sender"]
    of: str = ""
    example: Mapping[str, Any] = field(default_factory=dict)
    #: Who sends the event, and when
    when: Any = ""


@dataclass(frozen=True)
class Template:
    """One card of the gallery. graph: a journey's, in which "@form" stands for what was asked under "form",
    "@mail:KEY" for a mail and "@segment:KEY" for a segment."""

    slug: str
    order: int
    name: Any
    description: Any
    goal: Goal
    icon: str
    hue: int
    graph: Mapping[str, Any]
    mails: Sequence[Mail] = ()
    asks: Sequence[Ask] = ()
    #: Tags that its steps and conditions name, the same in every language: sites and forms refer to them
    tags: Sequence[str] = ()
    #: (key, name, definition); a segment that is there already is used
    segments: Sequence[tuple[str, Any, Mapping[str, Any]]] = ()
    needs: Sequence[Need] = ()

    @property
    def hint(self) -> str:
        return str(GOALS[self.goal][0])


def said(node: Any) -> Any:
    """A copy of something with its texts in the active language."""
    if isinstance(node, Promise):
        return str(node)
    if isinstance(node, Mapping):
        return {key: said(value) for key, value in node.items()}
    return [said(item) for item in node] if isinstance(node, (list, tuple)) else node
