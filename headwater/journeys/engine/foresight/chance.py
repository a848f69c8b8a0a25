"""Chance that is always the same for the same key."""

from __future__ import annotations

import hashlib


def drawn(key: str) -> float:
    """A number from 0 to below 1."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64
