"""Ids, many at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import sha1
from uuid import UUID, SafeUUID

_MASK = ~((0xF000 << 64) | (0xC000 << 48))
_RANDOM, _NAMED = (4 << 76) | (0x8000 << 48), (5 << 76) | (0x8000 << 48)
#: What no bigint holds any more
_TOO_LARGE = 1 << 63
_set, _new, _unknown = object.__setattr__, object.__new__, SafeUUID.unknown


def id_of(text: object) -> int | None:
    """The id that a text such as "17" names; None where it names none, or none that a database could have."""
    said = str(text)
    found = int(said) if said.isascii() and said.isdigit() and len(said) < 40 else _TOO_LARGE
    return found if found < _TOO_LARGE else None


def random_ids(count: int) -> list[UUID]:
    """As `uuid.uuid4`, a fifth of the time: randomness is asked for once, and nothing is checked that cannot be
    wrong."""
    source = os.urandom(16 * count)
    return [_made(source[n : n + 16], _RANDOM) for n in range(0, 16 * count, 16)]


def named_ids(space: UUID, names: Iterable[str]) -> list[UUID]:
    """As `uuid.uuid5(space, name)` of each name."""
    start = sha1(space.bytes, usedforsecurity=False)
    out = []
    for name in names:
        digest = start.copy()
        digest.update(name.encode())
        out.append(_made(digest.digest()[:16], _NAMED))
    return out


def _made(source: bytes, version: int) -> UUID:
    made = _new(UUID)
    _set(made, "int", int.from_bytes(source, "big") & _MASK | version)
    _set(made, "is_safe", _unknown)
    return made
