"""Group commit: everything that arrives while one COPY is under way goes into the next one.

A request is answered when its rows are committed, never before. What waits is bounded; beyond it the caller is told
to come back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg

from headwater.core import clock
from headwater.core.config import config, connect_args
from headwater.core.crash import point
from headwater.core.wake import WORK

log = logging.getLogger("headwater.collect")

#: Rows and bytes that may wait for the next COPY before callers get 503.
MAX_ROWS = int(os.environ.get("HEADWATER_INTAKE_ROWS", "50000"))
MAX_BYTES = 64 * 1024 * 1024
#: One COPY takes at most this many bytes, so that the first of a crowd does not wait for the last.
TICK_BYTES = 2 * 1024 * 1024
NOTIFY_EVERY = 0.02
#: A COPY costs half a millisecond whatever it carries. In a crowd, wait for the others: in steps of GATHER until
#: nobody new arrives, at most GATHER_STEPS of them. Who comes alone does not wait.
GATHER, GATHER_STEPS, CROWD = 0.001, 6, 4
#: In a steady stream one COPY begins this long after the one before it, at the earliest: what comes meanwhile goes
#: together. Who comes after a pause does not wait.
APART = 0.016
COPY = (
    "COPY capture_intake (lane_key, id, received_at, source, visitor_id, bot, payload, context) "
    "FROM STDIN (FORMAT text)"
)


class Full(Exception):
    """Too much waits already."""


class Away(Exception):
    """The database is away, or went away before it said that the rows are committed."""


class Refused(Exception):
    """The database cannot store these rows at all."""


async def connect(name: str) -> psycopg.AsyncConnection[Any]:
    """An autocommit connection to the configured database."""
    place = {"connect_timeout": 5, **connect_args(config.database)}
    return await psycopg.AsyncConnection.connect(**place, application_name=name)


class Ids:
    """Row ids in order of arrival: microseconds since 1970 << 11, the low bits this process's own."""

    def __init__(self) -> None:
        self.low = random.getrandbits(11)
        self.moment = self.last = 0

    def take(self, count: int) -> int:
        """The first of `count` ids, which step by `STEP`."""
        first = self.moment if self.moment > self.last else self.last + 1
        self.last = first + count - 1
        return first << 11 | self.low


STEP = 1 << 11

#: Rows in COPY's text format, how many they are, and the future that is done with this number when they are committed.
Waiting = tuple[bytes, int, "asyncio.Future[int]"]


class Unread:
    """A request that nobody has looked into yet. `at`: when it came, on the event loop's clock; `whole`: its body, once
    it was decoded and is in order."""

    __slots__ = ("at", "body", "future", "headers", "scope", "sender", "whole")

    def __init__(self, scope: dict[str, Any], headers: dict[bytes, bytes], body: bytes) -> None:
        self.scope, self.headers, self.body = scope, headers, body
        self.sender: Any = None
        self.whole: Any = None
        self.at = 0.0
        self.future: asyncio.Future[int]


class Store:
    """The queue and the connection of one process."""

    def __init__(self) -> None:
        self.ids = Ids()
        self.waiting: list[Waiting] = []
        self.unread: list[Unread] = []
        #: Makes rows of the unread ones, all of a tick at once: in one go they cost half of what they cost one by one.
        self.read: Callable[[list[Unread]], None] = lambda unread: None
        self.rows = self.bytes = 0
        self.task: asyncio.Task[None] | None = None
        self.connection: psycopg.AsyncConnection[Any] | None = None
        self.not_before = 0.0
        self.notified = self.began = 0.0
        self.untold = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self.tick_time = -1.0
        self.tick_now = clock.now()
        self.now_text = b""

    def present(self) -> datetime:
        """The present; `now_text` is it in ISO form. Requests of one turn of the event loop share it."""
        if self.loop is None:
            self.loop = asyncio.get_running_loop()
        return self.moment_of(self.loop.time())

    def moment_of(self, turn: float) -> datetime:
        """The moment of a turn of the event loop (its `time()`); `now_text` is it in ISO form."""
        if turn != self.tick_time:
            ago = self.loop.time() - turn if self.loop is not None else 0.0
            self.tick_time, self.tick_now = turn, clock.now() - timedelta(seconds=ago)
            self.now_text = self.tick_now.isoformat().encode()
            self.ids.moment = int(self.tick_now.timestamp() * 1_000_000)
        return self.tick_now

    def put(self, lines: bytes, count: int) -> asyncio.Future[int]:
        """Queue rows in COPY's text format. The future is done when they are committed; it raises Away or Refused.
        Raises Full at once where too much waits."""
        if self.rows + count > MAX_ROWS or self.bytes + len(lines) > MAX_BYTES:
            raise Full
        loop = self.loop or asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self.add(lines, count, future)
        if self.task is None:
            self.task = loop.create_task(self._drain())
        return future

    def add(self, lines: bytes, count: int, future: asyncio.Future[int]) -> None:
        """Queue rows for a future that exists (while the queue is being drained)."""
        self.waiting.append((lines, count, future))
        self.rows += count
        self.bytes += len(lines)

    def post(self, scope: dict[str, Any], headers: dict[bytes, bytes], body: bytes) -> Unread:
        """Queue a request for `read`. Its future is done with the number of rows committed, with 0 where it wants a
        closer look; it raises Away or Refused. Raises Full at once where too much waits."""
        if self.rows + len(self.unread) >= MAX_ROWS or self.bytes + len(body) > MAX_BYTES:
            raise Full
        loop = self.loop
        if loop is None:
            loop = self.loop = asyncio.get_running_loop()
        one = Unread(scope, headers, body)
        one.at, one.future = loop.time(), loop.create_future()
        self.unread.append(one)
        self.bytes += len(body)
        if self.task is None:
            self.task = loop.create_task(self._drain())
        return one

    def _look(self) -> None:
        unread, self.unread = self.unread, []
        for one in unread:
            self.bytes -= len(one.body)
        self.read(unread)

    async def _drain(self) -> None:
        try:
            crowd = False
            while self.waiting or self.unread:
                if crowd:
                    await self._gather()
                elif (wait := self.began + APART - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                if self.unread:
                    self._look()
                tick = self._take()
                if not tick:
                    continue
                self.began = time.monotonic()
                crowd = len(tick) >= CROWD
                try:
                    await self._commit(tick)
                finally:
                    for lines, count, future in tick:
                        self.rows -= count
                        self.bytes -= len(lines)
                        if not future.done():  # only where the task itself was cancelled
                            future.set_exception(Away())
                if self.untold and time.monotonic() - self.notified > NOTIFY_EVERY:
                    await self._notify()
            if self.untold:
                asyncio.get_running_loop().call_later(NOTIFY_EVERY, self._remind)
        finally:
            self.task = None
            if self.waiting or self.unread:  # arrived in the instant between the last look and here
                self.task = asyncio.get_running_loop().create_task(self._drain())

    async def _gather(self) -> None:
        for _ in range(GATHER_STEPS):
            before = len(self.waiting) + len(self.unread)
            await asyncio.sleep(GATHER)
            if len(self.waiting) + len(self.unread) == before or self.bytes > TICK_BYTES:
                return

    def _remind(self) -> None:
        if self.untold and self.task is None:
            self.task = asyncio.get_running_loop().create_task(self._late_notice())

    async def _late_notice(self) -> None:
        await self._notify()
        await self._drain()

    def _take(self) -> list[Waiting]:
        size = 0
        for n, (lines, _, _) in enumerate(self.waiting):
            size += len(lines)
            if size > TICK_BYTES and n:
                tick, self.waiting = self.waiting[:n], self.waiting[n:]
                return tick
        tick, self.waiting = self.waiting, []
        return tick

    async def _commit(self, tick: list[Waiting]) -> None:
        try:
            await self._copy(b"".join([lines for lines, _, _ in tick]))
        except psycopg.OperationalError as error:
            self._lost(error)
            _end(tick, Away())
        except psycopg.Error as error:  # some row of the tick: find whose it is
            log.warning("tick_refused", extra={"why": str(error).split("\n")[0], "requests": len(tick)})
            for one in tick:
                try:
                    await self._copy(one[0])
                    _end([one], None)
                except psycopg.OperationalError as away:
                    self._lost(away)
                    _end([one], Away())
                except psycopg.Error as why:
                    _end([one], Refused(str(why).split("\n")[0]))
        else:
            point("collect.committed")
            _end(tick, None)
        self.untold = True

    async def _copy(self, data: bytes) -> None:
        connection = await self._connected()
        async with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            await copy.write(data)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self.connection is None or self.connection.closed:
            if time.monotonic() < self.not_before:
                raise psycopg.OperationalError("waiting before the next try to connect")
            self.connection = await connect("headwater-collect")
        return self.connection

    def _lost(self, error: Exception) -> None:
        log.warning("database_away", extra={"why": str(error).strip().split("\n")[0]})
        if self.connection is not None:
            self.connection.pgconn.finish()
            self.connection = None
            return  # the next try connects at once
        self.not_before = time.monotonic() + 0.5

    async def _notify(self) -> None:
        """A hint to the worker; it looks by itself every half second."""
        self.untold, self.notified = False, time.monotonic()
        try:
            await (await self._connected()).execute(f"NOTIFY {WORK}")
        except psycopg.Error as error:
            self._lost(error)


def _end(tick: list[Waiting], error: Exception | None) -> None:
    for _, count, future in tick:
        if future.done():
            continue  # its caller went away
        if error is None:
            future.set_result(count)
        else:
            future.set_exception(error)
