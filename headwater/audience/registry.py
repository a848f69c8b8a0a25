"""What upper packages tell of segments: who uses them. Each registers from its `panels.py`:

users_of_segments.add("journeys", lambda segments: {segment_id: [Use("Welcome", "/journeys/3/", "workflow")]})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headwater.core.registry import Registry


@dataclass(frozen=True)
class Use:
    """Something that would change if a segment did."""

    name: str
    url: str
    icon: str = "link"


#: (id, key) of segments -> what uses each; a constant number of statements
Users = Callable[[Sequence[tuple[int, str]]], Mapping[int, Sequence[Use]]]
users_of_segments: Registry[Users] = Registry("users of segments")


#: Keys of score models ("fit"), or of bands of them ("fit:ideal") -> what uses each; a constant number of statements
users_of_scores: Registry[Callable[[Sequence[str]], Mapping[str, Sequence[Use]]]] = Registry("users of scores")


def uses_of_scores(keys: Sequence[str]) -> dict[str, list[Use]]:
    """Everything that uses these score models, as the packages above tell it."""
    out: dict[str, list[Use]] = {key: [] for key in keys}
    for ask in users_of_scores:
        for key, found in ask(keys).items():
            out[key].extend(found)
    return out


def uses(segments: Sequence[tuple[int, str]]) -> dict[int, list[Use]]:
    """Everything that uses these segments, (id, key) of each, as the packages above tell it."""
    out: dict[int, list[Use]] = {pk: [] for pk, _key in segments}
    for ask in users_of_segments:
        for pk, found in ask(segments).items():
            out[pk].extend(found)
    return out
