"""Live updates: `GET /live?topics=a,b` as server-sent events, one line `data: TOPIC` whenever a topic is published.

One LISTEN connection per web process fans out to all open pages. A topic says that something changed, never what:
the page asks again for what it shows, with its own permissions.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import parse_qs

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections

from headwater.core.config import connect_args
from headwater.core.wake import LIVE

log = logging.getLogger("headwater.live")
#: A comment line this often keeps proxies from closing the stream and notices pages that are gone.
HEARTBEAT = 20.0
#: Equal topics within this time are told once: a busy site changes faster than anybody reads.
GATHER = 0.15
MAX_TOPICS = 40


class Hub:
    """Who listens to what, and the one connection that hears it all."""

    def __init__(self) -> None:
        self.streams: dict[str, set[asyncio.Queue[str]]] = {}
        self.task: asyncio.Task[None] | None = None

    def join(self, topics: list[str]) -> asyncio.Queue[str]:
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=100)
        for topic in topics:
            self.streams.setdefault(topic, set()).add(queue)
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._hear())
        return queue

    def leave(self, topics: list[str], queue: asyncio.Queue[str]) -> None:
        for topic in topics:
            listeners = self.streams.get(topic, set())
            listeners.discard(queue)
            if not listeners:
                self.streams.pop(topic, None)

    async def _hear(self) -> None:
        while self.streams:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    **connect_args(settings.DATABASES["default"]), application_name="headwater-live"
                )
                async with connection:
                    await connection.execute(f"LISTEN {LIVE}")
                    while self.streams:
                        async for notice in connection.notifies(timeout=30.0):
                            self._tell(notice.payload)
            except psycopg.Error as error:
                log.warning("live_away", extra={"why": str(error).strip().split("\n")[0]})
                await asyncio.sleep(1)

    def _tell(self, topic: str) -> None:
        for queue in self.streams.get(topic, ()):
            if not queue.full():  # a page that does not read asks again when it does
                queue.put_nowait(topic)


hub = Hub()


def _signed_in(cookie: str) -> bool:
    """Whether the session behind this cookie header belongs to a user who may sign in."""
    from http.cookies import SimpleCookie

    from django.contrib.auth import SESSION_KEY, get_user_model

    morsel = SimpleCookie(cookie).get(settings.SESSION_COOKIE_NAME)
    try:
        close_old_connections()
        user_id = SessionStore(morsel.value).get(SESSION_KEY) if morsel else None
        return user_id is not None and get_user_model().objects.filter(pk=user_id, is_active=True).exists()
    finally:
        close_old_connections()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The stream of one page."""
    headers = dict(scope["headers"])
    query = parse_qs(scope["query_string"].decode("latin-1"))
    topics = sorted({t for t in ",".join(query.get("topics", [])).split(",") if t})[:MAX_TOPICS]
    # The demo's inbox is open to the visitor who is not signed in; "mail" tells no more than that one came.
    open_to_all = settings.HEADWATER_DEMO and topics == ["mail"]
    cookie = headers.get(b"cookie", b"").decode("latin-1")
    if not topics or not (open_to_all or await sync_to_async(_signed_in, thread_sensitive=False)(cookie)):
        status = 400 if not topics else 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"topics are missing" if status == 400 else b"sign in first"})
        return
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"text/event-stream"),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
            ],
        }
    )
    queue = hub.join(topics)
    gone = asyncio.get_running_loop().create_task(_until_gone(receive))
    try:
        await send({"type": "http.response.body", "body": b"retry: 2000\n: hello\n\n", "more_body": True})
        while not gone.done():
            await send({"type": "http.response.body", "body": await _news(queue, gone), "more_body": True})
    except OSError:
        pass  # the page is gone
    finally:
        gone.cancel()
        hub.leave(topics, queue)


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _news(queue: asyncio.Queue[str], gone: asyncio.Task[None]) -> bytes:
    """The next topics, gathered for a moment, or a heartbeat."""
    first = asyncio.ensure_future(queue.get())
    await asyncio.wait({first, gone}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
    if not first.done():
        first.cancel()
        return b": still here\n\n"
    topics = {first.result()}
    await asyncio.sleep(GATHER)
    while not queue.empty():
        topics.add(queue.get_nowait())
    return b"".join(f"data: {topic}\n\n".encode() for topic in sorted(topics))
