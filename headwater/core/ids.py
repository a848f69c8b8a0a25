"""Random ids, many at a time."""

from __future__ import annotations

import os
from uuid import UUID, SafeUUID

_VERSION, _MASK = (4 << 76) | (0x8000 << 48), ~((0xF000 << 64) | (0xC000 << 48))


def random_ids(count: int) -> list[UUID]:
    """As `uuid.uuid4`, a fifth of the time: randomness is asked for once, and nothing is checked that cannot be
    wrong."""
    source = os.urandom(16 * count)
    out = []
    for n in range(0, 16 * count, 16):
        made = object.__new__(UUID)
        object.__setattr__(made, "int", int.from_bytes(source[n : n + 16], "big") & _MASK | _VERSION)
        object.__setattr__(made, "is_safe", SafeUUID.unknown)
        out.append(made)
    return out
