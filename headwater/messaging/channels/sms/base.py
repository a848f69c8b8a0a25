"""The interface of a provider of texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...rules.delivery import Reply


@dataclass(frozen=True, slots=True)
class Text:
    """One text. id: ours, the same at each try. sender: a number or a name ("": the provider's own). callback: where
    the provider tells what became of it. queued_at: when it was asked for."""

    id: str
    to: str
    sender: str
    body: str
    callback: str
    queued_at: datetime
    #: The provider's ids of other texts to this number: none of them is this one
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a text later. hard: the number cannot be reached by texts."""

    state: str  # "delivered", "failed", "" (on its way)
    words: str = ""
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that somebody wrote to us."""

    sender: str
    text: str


class Provider(Protocol):
    """A way for texts to leave. Its methods may be called from several threads at once and raise nothing."""

    #: For pages: who it is and where
    @property
    def name(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def encrypted(self) -> bool: ...
    #: It knows a text again by our id, so a try that is repeated sends nothing twice
    @property
    def keyed(self) -> bool: ...

    def send(self, text: Text, timeout: float) -> Reply:
        """Hand a text over. "untried" where the provider cannot be reached or does not know us."""

    def find(self, text: Text, timeout: float) -> Reply | None:
        """Before a try is repeated: the text, if the provider has it from the try before (`found`); None: it has not,
        or cannot be asked."""

    def genuine(self, url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """Whether a call at this address of ours comes from the provider."""

    def receipt(self, params: Mapping[str, str]) -> Receipt:
        """What a call says of a text that was sent."""

    def inbound(self, params: Mapping[str, str]) -> Inbound | None:
        """What a call says that somebody wrote; None where it says nothing of the sort."""

    def probe(self) -> str:
        """ "" where the provider can be used, else why not."""
