"""Who may send: sites by public key and origin, API keys by digest, and how much each may send."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg

from headwater.accounts.rules import KEY_NOTED, USE_KEY
from headwater.core import clock

from .store import Away, connect

#: Sites and keys are read again after this many seconds, so that a revoked key is out soon.
FRESH = 3.0
#: A key that nobody knows may belong to a site that was made a moment ago.
FRESH_MISS = 0.3
#: Events a second that one key may send on average, and how many at once. 0: no limit.
RATE = float(os.environ.get("HEADWATER_INTAKE_RATE", "2000"))
BURST = float(os.environ.get("HEADWATER_INTAKE_BURST", "10000"))
SCOPES = frozenset({"events:write", "write", "admin"})


@dataclass(frozen=True, slots=True)
class Door:
    """A site or a key as the collector sees it."""

    id: int
    source: str  # "t:3", "api:7"
    origins: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    open: bool = True
    count_automated: bool = False

    def lets(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may send. Senders that name no origin are no pages."""
        if not origin or not self.origins:
            return True
        if origin != "null" and urlsplit(origin).netloc == host:
            return True  # our own pages
        return any(_matches(origin, pattern) for pattern in self.origins)


def _matches(origin: str, pattern: str) -> bool:
    pattern = pattern.rstrip("/")
    if "*" not in pattern:
        return origin == pattern
    before, _, after = pattern.partition("*")
    return origin.startswith(before) and origin.endswith(after) and len(origin) > len(before) + len(after)


class Bucket:
    """A token bucket."""

    __slots__ = ("at", "left")

    def __init__(self) -> None:
        self.left, self.at = BURST, time.monotonic()

    def take(self, count: int) -> float:
        """0 where `count` may pass, else the seconds until they may."""
        if not RATE:
            return 0.0
        now = time.monotonic()
        left = self.left + (now - self.at) * RATE
        self.at = now
        if left > BURST:
            left = BURST
        if left >= count or left >= BURST:
            self.left = left - count
            return 0.0
        self.left = left
        return (min(count, BURST) - left) / RATE


class Doors:
    """Caches what the database says about sites and keys."""

    def __init__(self) -> None:
        self.sites: dict[str, Door] = {}
        self.sites_at = -1e9
        self.keys: dict[str, tuple[Door | None, float]] = {}
        self.buckets: dict[str, Bucket] = {}
        self.lock = asyncio.Lock()
        self.connection: psycopg.AsyncConnection[Any] | None = None

    def fresh_site(self, key: str) -> Door | None:
        """The site where it is known and was read a moment ago; None: ask `site`."""
        return self.sites.get(key) if time.monotonic() - self.sites_at <= FRESH else None

    async def site(self, key: str) -> Door | None:
        """The active site of a public key. Raises Away."""
        limit = FRESH if not key or key in self.sites else FRESH_MISS
        if time.monotonic() - self.sites_at > limit:
            async with self.lock:
                if time.monotonic() - self.sites_at > limit:
                    await self._read_sites()
        return self.sites.get(key)

    async def any_site_lets(self, origin: str, host: str) -> bool:
        """Whether some site lets this origin in: what a preflight can know."""
        await self.site("")
        return any(door.lets(origin, host) for door in self.sites.values())

    async def key(self, key: str) -> Door | None:
        """The API key as a door, None where there is none or it is revoked. Raises Away."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        known = self.keys.get(digest)
        if known is None or time.monotonic() - known[1] > FRESH:
            async with self.lock:
                known = self.keys.get(digest)
                if known is None or time.monotonic() - known[1] > FRESH:
                    known = (await self._read_key(digest), time.monotonic())
                    if len(self.keys) > 10_000:  # somebody guesses
                        self.keys.clear()
                    self.keys[digest] = known
        return known[0]

    def wait(self, door: Door, count: int) -> float:
        """0 where the door may take `count` more events now, else seconds to wait."""
        bucket = self.buckets.get(door.source)
        if bucket is None:
            bucket = self.buckets[door.source] = Bucket()
        return bucket.take(count)

    async def _read_sites(self) -> None:
        rows = await self._rows(
            "SELECT id, public_key, allowed_origins, count_automated FROM capture_site WHERE active", ()
        )
        self.sites = {key: Door(pk, f"t:{pk}", tuple(o), count_automated=auto) for pk, key, o, auto in rows}
        self.sites_at = time.monotonic()

    async def _read_key(self, digest: str) -> Door | None:
        now = clock.now()
        rows = await self._rows(USE_KEY, (digest, now, now - timedelta(seconds=KEY_NOTED)))
        if not rows:
            return None
        pk, scopes = rows[0]
        return Door(pk, f"api:{pk}", scopes=frozenset(scopes))

    async def _rows(self, sql: str, args: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        for attempt in (1, 2):
            try:
                if self.connection is None or self.connection.closed:
                    self.connection = await connect("headwater-collect-doors")
                cursor = await self.connection.execute(sql, args)
                return await cursor.fetchall()
            except psycopg.OperationalError as error:
                if self.connection is not None:
                    self.connection.pgconn.finish()
                    self.connection = None
                if attempt == 2:
                    raise Away from error
        raise Away
