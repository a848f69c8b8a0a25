"""`POST /t` and `POST /api/v1/events`: the protocol around wire, doors and store."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from msgspec.json import Encoder

from headwater.capture.rules import bots, identity_key, shorten_address, visitor_id
from headwater.core.lanes import lane_key

from . import wire
from .doors import SCOPES, Door, Doors
from .store import STEP, Away, Full, Refused, Store
from .wire import MAX_BEHIND_API, MAX_BEHIND_PAGE, MAX_BODY, BadBody, Problem

log = logging.getLogger("headwater.collect")
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
#: Behind a proxy that sets X-Forwarded-For, its last entry is the caller.
TRUST_PROXY = os.environ.get("HEADWATER_TRUST_PROXY", "").lower() in ("1", "true", "yes", "on")
API_PATH = "/api/v1/events"
JSON = (b"content-type", b"application/json")
NO_STORE = (b"cache-control", b"no-store")
RETRY_AFTER = (b"retry-after", b"1")
CHALLENGE = (b"www-authenticate", b"Bearer")
#: One row in COPY's text format. JSON has no bare tabs or line ends (the encoder writes none), so backslashes are
#: all there is to escape.
LINE = b"%d\t%d\t%b\t%b\t%b\t%b\t%b\t%b\n"
encode = Encoder().encode


class Answer(Exception):
    """An answer that is decided: status, body and further headers."""

    def __init__(self, status: int, body: dict[str, Any] | None, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, list(headers)


#: Nearly every answer there is: made once.
ONE_ACCEPTED = Answer(202, {"accepted": 1})


@dataclass(frozen=True, slots=True)
class Sender:
    """Everything about a request that the next one of the same page will say again."""

    door: Door
    bot: bytes
    context: bytes
    cors: list[tuple[bytes, bytes]]


class Collector:
    """One process's collector: an ASGI application."""

    def __init__(self) -> None:
        self.doors = Doors()
        self.store = Store()
        self.senders: dict[tuple[Any, ...], Sender] = {}
        self.senders_of = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        api = scope["path"] == API_PATH
        cors: list[tuple[bytes, bytes]] = []
        try:
            if scope["method"] == "OPTIONS":
                raise await self._preflight(headers, api)
            if scope["method"] != "POST":
                raise Answer(405, _error("method", "send events with POST"), [(b"allow", b"POST, OPTIONS")])
            body = await _body(headers, receive)
            answer = await (self._api(headers, body) if api else self._page(scope, headers, body, cors))
        except Answer as decided:
            answer = decided
        except BadBody as bad:
            answer = _bad([bad.problem], 0, bad.status)
        except Full:
            answer = Answer(503, _error("busy", "too many events are waiting; send this again"), [RETRY_AFTER])
        except Away:
            answer = Answer(503, _error("database", "not stored; send this again"), [RETRY_AFTER])
        except Refused as why:
            answer = Answer(422, _error("refused", str(why)))
        await _send(send, answer, cors)

    async def _page(self, scope: Scope, headers: dict[bytes, bytes], body: bytes, cors: list[Any]) -> Answer:
        around, good, bad = wire.page_body(body)
        door = self.doors.fresh_site(around.site) or await self.doors.site(around.site)
        sender = self._sender(door, scope, headers, around)
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
        if TRUST_PROXY or b"sec-purpose" in headers or b"purpose" in headers or b"x-moz" in headers:
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
            raise Answer(401, _error("key", "send an API key: Authorization: Bearer hw_..."), [CHALLENGE])
        door = await self.doors.key(key.strip())
        if door is None:
            raise Answer(401, _error("key", "this API key is unknown or revoked"), [CHALLENGE])
        if not door.scopes & SCOPES:
            raise Answer(403, _error("scope", "this API key lacks the scope events:write"))
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
        return await self._keep(Sender(door, b"", b"{}", []), rows, bad)

    def _limit(self, door: Door, count: int) -> None:
        wait = self.doors.wait(door, count)
        if wait:
            after = [(b"retry-after", str(math.ceil(wait)).encode())]
            raise Answer(429, _error("rate", "this key sends more events than it may; wait and send again"), after)

    async def _keep(self, sender: Sender, rows: list[Any], bad: list[Problem]) -> Answer:
        if rows:
            first, received = self.store.ids.take(len(rows)), self.store.now_text
            source, bot, context = sender.door.source.encode(), sender.bot, sender.context
            lines = []
            for lane, visitor, item in rows:
                payload = encode(item)
                if b"\\" in payload:
                    payload = payload.replace(b"\\", b"\\\\")
                who = b"\\N" if visitor is None else b"%d" % visitor
                lines.append(LINE % (lane, first, received, source, who, bot, payload, context))
                first += STEP
            await self.store.put(lines[0] if len(lines) == 1 else b"".join(lines), len(lines))
        if bad:
            return _bad(bad, len(rows), 422)
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


def _new_sender(door: Door | None, scope: Scope, headers: dict[bytes, bytes], around: wire.Around) -> Sender:
    origin, host = _text(headers, b"origin"), _text(headers, b"host")
    if door is None:
        raise Answer(403, _error("site", f"no active site has the key {around.site}"))
    if not door.lets(origin, host):
        raise Answer(403, _error("origin", f"{origin} is not among the allowed origins of this site"))
    agent = _text(headers, b"user-agent")[:300]
    purpose = _text(headers, b"sec-purpose") or _text(headers, b"purpose") or _text(headers, b"x-moz")
    language = around.lang or _text(headers, b"accept-language")[:20]
    bot = bots.label(agent, purpose=purpose, driven=around.driven, language=language, origin=origin)
    if door.count_automated and bot != bots.PREFETCH:
        bot = ""
    said = {"ua": agent, "ip": _address(scope, headers), "lang": language, "tz": around.tz, "consent": around.consent}
    context = encode({k: v.replace("\0", "") if isinstance(v, str) else v for k, v in said.items() if v})
    cors = [(b"access-control-allow-origin", origin.encode()), (b"vary", b"origin")] if origin else []
    return Sender(door, bot.encode(), context.replace(b"\\", b"\\\\"), cors)


def _address(scope: Scope, headers: dict[bytes, bytes]) -> str:
    forwarded = _text(headers, b"x-forwarded-for") if TRUST_PROXY else ""
    return shorten_address(forwarded.split(",")[-1].strip() or (scope.get("client") or ("",))[0])


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    if b"content-encoding" in headers and headers[b"content-encoding"] != b"identity":
        raise Answer(415, _error("encoding", "send the body uncompressed"))
    length = headers.get(b"content-length", b"0")
    if len(length) > 5 and length.isdigit() and int(length) > MAX_BODY:
        raise _too_large()
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _too_large()
    if message["type"] == "http.disconnect":
        raise Answer(400, _error("disconnected", "the body ended early"))
    if len(body) > MAX_BODY:
        raise _too_large()
    return body


def _too_large() -> Answer:
    reason = f"the body has more than {MAX_BODY} bytes"
    return Answer(413, _error("too_large", reason), [(b"connection", b"close")])


def _error(code: str, reason: str) -> dict[str, Any]:
    return {"error": code, "reason": reason}


def _bad(problems: list[Problem], accepted: int, status: int) -> Answer:
    problems.sort(key=lambda p: -1 if p.index is None else p.index)
    return Answer(status, {"accepted": accepted, "errors": problems})


async def _send(send: Send, answer: Answer, cors: list[tuple[bytes, bytes]]) -> None:
    if answer is ONE_ACCEPTED:
        await send({"type": "http.response.start", "status": 202, "headers": ONE_HEADERS + cors})
        await send(ONE_BODY)
        return
    body = b"" if answer.body is None else encode(answer.body)
    headers = [JSON, NO_STORE, (b"content-length", b"%d" % len(body)), *cors, *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


ONE_HEADERS = [JSON, NO_STORE, (b"content-length", b"14")]
ONE_BODY = {"type": "http.response.body", "body": b'{"accepted":1}'}

app = Collector()
