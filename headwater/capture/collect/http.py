"""`POST /t` and `POST /api/v1/events`: the protocol around wire, doors and store."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

from headwater.capture.rules import bots, identity_key, shorten_address, visitor_id
from headwater.core.config import config
from headwater.core.lanes import lane_key

from . import wire
from .answers import (
    CHALLENGE,
    ONE_ACCEPTED,
    ONE_BODY,
    ONE_HEADERS,
    RETRY_AFTER,
    Answer,
    Receive,
    Send,
    bad_answer,
    encode,
    error,
    read_body,
    send_answer,
)
from .doors import SCOPES, Door, Doors
from .store import STEP, Away, Full, Refused, Store, Unread
from .wire import MAX_BEHIND_API, MAX_BEHIND_PAGE, BadBody, Problem

log = logging.getLogger("headwater.collect")
Scope = dict[str, Any]
PAGE_PATH, API_PATH = "/t", "/api/v1/events"
#: One row in COPY's text format. JSON has no bare tabs or line ends (the encoder writes none), so backslashes are
#: all there is to escape.
LINE = b"%d\t%d\t%b\t%b\t%b\t%b\t%b\t%b\n"


class Unusual(Exception):
    """A request that is to be looked at by itself."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Everything about a request that the next one of the same page will say again."""

    door: Door
    source: bytes
    bot: bytes
    context: bytes
    cors: list[tuple[bytes, bytes]]
    #: How the answer starts where one event is kept.
    one_kept: dict[str, Any]


class Collector:
    """One process's collector: an ASGI application."""

    def __init__(self) -> None:
        self.doors = Doors()
        self.store = Store()
        self.senders: dict[tuple[Any, ...], Sender] = {}
        self.senders_of = 0.0
        self.store.read = self._read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        cors: list[tuple[bytes, bytes]] = []
        headers: dict[bytes, bytes] = dict(scope["headers"])
        one = None
        try:
            if scope["method"] != "POST":
                raise await self._no_post(scope, headers)
            body = await read_body(headers, receive)
            if scope["path"] == API_PATH:
                answer = await self._api(headers, body)
            else:
                one = self.store.post(scope, headers, body)
                if await one.future:
                    await send(one.sender.one_kept)
                    await send(ONE_BODY)
                    return
                answer = await self._page(one, cors)
        except Answer as decided:
            answer = decided
        except BadBody as bad:
            answer = bad_answer([bad.problem], 0, bad.status)
        except Full:
            answer = Answer(503, error("busy", "too many events are waiting; send this again"), [RETRY_AFTER])
        except Away:
            answer = Answer(503, error("database", "not stored; send this again"), [RETRY_AFTER])
        except Refused as why:
            answer = Answer(422, error("refused", str(why)))
        await send_answer(send, answer, cors or (one.sender.cors if one and one.sender else []))

    async def _no_post(self, scope: Scope, headers: dict[bytes, bytes]) -> Answer:
        if scope["method"] == "OPTIONS":
            return await self._preflight(headers, scope["path"] == API_PATH)
        return Answer(405, error("method", "send events with POST"), [(b"allow", b"POST, OPTIONS")])

    def _read(self, unread: list[Unread]) -> None:
        """Queue the rows of the requests of one tick that hold one event each and nothing unusual. The others are
        answered one by one: `_page` finds out what is wrong, and with which event."""
        fresh_site, sender_of, store = self.doors.fresh_site, self._sender, self.store
        moment, wait, add, take = store.moment_of, self.doors.wait, store.add, store.ids.take
        for one in unread:
            try:
                one.whole = around = wire.whole_page_body(one.body)
                if around is None or len(around.events) != 1:
                    raise Unusual
                item, door = around.events[0], fresh_site(around.site)
                received = moment(one.at)
                if door is None or wire.page_problem(item) or wire.when_problem(item, received, MAX_BEHIND_PAGE):
                    raise Unusual
                one.sender = sender = sender_of(door, one.scope, one.headers, around)
                if wait(door, 1):
                    raise Unusual
                visitor = visitor_id(around.visitor)
                line = _line(take(1), lane_key(visitor), visitor, store.now_text, sender, encode(item))
                add(line, 1, one.future)
            except Exception as why:
                if not isinstance(why, Unusual | Answer):
                    log.exception("not_read")
                if not one.future.done():
                    one.future.set_result(0)

    async def _page(self, one: Unread, cors: list[Any]) -> Answer:
        around, good, bad = wire.page_body(one.body, one.whole)
        door = self.doors.fresh_site(around.site) or await self.doors.site(around.site)
        sender = self._sender(door, one.scope, one.headers, around)
        cors += sender.cors
        self._limit(sender.door, len(good) + len(bad))
        received = self.store.present()
        visitor = visitor_id(around.visitor)
        lane = lane_key(visitor)
        rows = []
        for index, item in good:
            problem = wire.page_problem(item) or wire.when_problem(item, received, MAX_BEHIND_PAGE)
            if problem is None:
                rows.append((lane, visitor, item))
            else:
                bad.append(Problem(index, *problem))
        return await self._keep(sender, rows, bad)

    def _sender(self, door: Door | None, scope: Scope, headers: dict[bytes, bytes], around: wire.Around) -> Sender:
        """Who sends: site, label, context. Raises Answer where the site or the origin is not let in."""
        if self.senders_of != self.doors.sites_at or len(self.senders) > 20_000:
            self.senders, self.senders_of = {}, self.doors.sites_at
        if config.trust_proxy or b"sec-purpose" in headers or b"purpose" in headers or b"x-moz" in headers:
            return _new_sender(door, scope, headers, around)
        get, client = headers.get, scope.get("client")
        key = (
            around.site, around.lang, around.tz, around.consent, around.driven, client[0] if client else "",
            get(b"user-agent"), get(b"origin"), get(b"host"), get(b"accept-language"),
        )  # fmt: skip
        sender = self.senders.get(key)
        if sender is None:
            sender = self.senders[key] = _new_sender(door, scope, headers, around)
        return sender

    async def _api(self, headers: dict[bytes, bytes], body: bytes) -> Answer:
        scheme, _, key = _text(headers, b"authorization").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Answer(401, error("key", "send an API key: Authorization: Bearer hw_..."), [CHALLENGE])
        door = await self.doors.key(key.strip())
        if door is None:
            raise Answer(401, error("key", "this API key is unknown or revoked"), [CHALLENGE])
        if not door.scopes & SCOPES:
            raise Answer(403, error("scope", "this API key lacks the scope events:write"))
        return await self.take(door, body)

    async def take(self, door: Door, body: bytes) -> Answer:
        """Keep the events of an API request that has passed its door (also for `headwater api`, in-process)."""
        good, bad = wire.api_body(body)
        self._limit(door, len(good) + len(bad))
        received = self.store.present()
        rows = []
        for index, item in good:
            problem = wire.api_problem(item) or wire.when_problem(item, received, MAX_BEHIND_API)
            if problem is not None:
                bad.append(Problem(index, *problem))
                continue
            visitor = visitor_id(item.visitor) if item.visitor else None
            who = visitor if visitor is not None else item.contact_id or identity_key(item.email or "")
            rows.append((lane_key(who), visitor, item))
        return await self._keep(_sender_of(door, b"", b"{}", []), rows, bad)

    def _limit(self, door: Door, count: int) -> None:
        wait = self.doors.wait(door, count)
        if wait:
            after = [(b"retry-after", str(math.ceil(wait)).encode())]
            raise Answer(429, error("rate", "this key sends more events than it may; wait and send again"), after)

    async def _keep(self, sender: Sender, rows: list[Any], bad: list[Problem]) -> Answer:
        if rows:
            first, received = self.store.ids.take(len(rows)), self.store.now_text
            lines = []
            for lane, visitor, item in rows:
                lines.append(_line(first, lane, visitor, received, sender, encode(item)))
                first += STEP
            await self.store.put(lines[0] if len(lines) == 1 else b"".join(lines), len(lines))
        if bad:
            return bad_answer(bad, len(rows), 422)
        return ONE_ACCEPTED if len(rows) == 1 else Answer(202, {"accepted": len(rows)})

    async def _preflight(self, headers: dict[bytes, bytes], api: bool) -> Answer:
        origin = _text(headers, b"origin")
        if api or not await self.doors.any_site_lets(origin, _text(headers, b"host")):
            return Answer(204, None)  # without the headers the browser refuses by itself
        return Answer(
            204,
            None,
            [
                (b"access-control-allow-origin", origin.encode() or b"*"),
                (b"access-control-allow-methods", b"POST"),
                (b"access-control-allow-headers", b"content-type"),
                (b"access-control-max-age", b"86400"),
                (b"vary", b"origin"),
            ],
        )


def _line(id: int, lane: int, visitor: int | None, received: bytes, sender: Sender, payload: bytes) -> bytes:
    if b"\\" in payload:
        payload = payload.replace(b"\\", b"\\\\")
    who = b"\\N" if visitor is None else b"%d" % visitor
    return LINE % (lane, id, received, sender.source, who, sender.bot, payload, sender.context)


def _new_sender(door: Door | None, scope: Scope, headers: dict[bytes, bytes], around: wire.Around) -> Sender:
    origin, host = _text(headers, b"origin"), _text(headers, b"host")
    if door is None:
        raise Answer(403, error("site", f"no active site has the key {around.site}"))
    if not door.lets(origin, host):
        raise Answer(403, error("origin", f"{origin} is not among the allowed origins of this site"))
    agent = _text(headers, b"user-agent")[:300]
    purpose = _text(headers, b"sec-purpose") or _text(headers, b"purpose") or _text(headers, b"x-moz")
    language = around.lang or _text(headers, b"accept-language")[:20]
    bot = bots.label(agent, purpose=purpose, driven=around.driven, language=language, origin=origin)
    if door.count_automated and bot != bots.PREFETCH:
        bot = ""
    said = {"ua": agent, "ip": _address(scope, headers), "lang": language, "tz": around.tz, "consent": around.consent}
    context = encode({k: v.replace("\0", "") if isinstance(v, str) else v for k, v in said.items() if v})
    cors = [(b"access-control-allow-origin", origin.encode()), (b"vary", b"origin")] if origin else []
    return _sender_of(door, bot.encode(), context.replace(b"\\", b"\\\\"), cors)


def _sender_of(door: Door, bot: bytes, context: bytes, cors: list[tuple[bytes, bytes]]) -> Sender:
    start = {"type": "http.response.start", "status": 202, "headers": ONE_HEADERS + cors}
    return Sender(door, door.source.encode(), bot, context, cors, start)


def _address(scope: Scope, headers: dict[bytes, bytes]) -> str:
    forwarded = _text(headers, b"x-forwarded-for") if config.trust_proxy else ""
    return shorten_address(forwarded.split(",")[-1].strip() or (scope.get("client") or ("",))[0])


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


app = Collector()
