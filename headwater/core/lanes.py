"""The 256 lanes: which lane a person is in, and the key that names a lane. See docs/adr/0002-lanes.md.

A lane is chosen by PostgreSQL's own hash of the person's id, so that on a cluster which shards by that hash a
lane's rows live on the same shard as its people. The hash is computed here in Python as well (src/common/hashfn.c,
`hash_bytes_uint32`, and `hashint8` of src/backend/access/hash/hashfunc.c); a test holds both against each other.
"""

from __future__ import annotations

from functools import lru_cache

LANES = 256
_MASK = 0xFFFFFFFF


def hashint8(value: int) -> int:
    """PostgreSQL's hashint8 of a signed 64-bit integer: a signed 32-bit integer."""
    low, high = value & _MASK, (value >> 32) & _MASK
    k = low ^ (high if value >= 0 else ~high & _MASK)
    a = b = c = (0x9E3779B9 + 4 + 3923095) & _MASK
    a = (a + k) & _MASK
    c ^= b
    c = (c - ((b << 14 | b >> 18) & _MASK)) & _MASK
    a ^= c
    a = (a - ((c << 11 | c >> 21) & _MASK)) & _MASK
    b ^= a
    b = (b - ((a << 25 | a >> 7) & _MASK)) & _MASK
    c ^= b
    c = (c - ((b << 16 | b >> 16) & _MASK)) & _MASK
    a ^= c
    a = (a - ((c << 4 | c >> 28) & _MASK)) & _MASK
    b ^= a
    b = (b - ((a << 14 | a >> 18) & _MASK)) & _MASK
    c ^= b
    c = (c - ((b << 24 | b >> 8) & _MASK)) & _MASK
    return c - 0x100000000 if c & 0x80000000 else c


def lane_of(person_id: int) -> int:
    """The lane of a person (or of an anonymous visitor's id): 0 to 255, for ever the same."""
    return (hashint8(person_id) + 0x80000000) >> 24


def _keys() -> tuple[int, ...]:
    found: dict[int, int] = {}
    key = -1
    while len(found) < LANES:
        found.setdefault(lane_of(key), key)
        key -= 1
    return tuple(found[lane] for lane in range(LANES))


#: LANE_KEYS[lane] is the lane's key: the negative integer nearest to zero that hashes into it.
LANE_KEYS: tuple[int, ...] = _keys()


@lru_cache(maxsize=200_000)
def lane_key(person_id: int) -> int:
    """The key of the person's lane."""
    return LANE_KEYS[lane_of(person_id)]
