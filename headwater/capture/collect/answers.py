"""Bodies in and answers out, in ASGI's terms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from msgspec.json import Encoder

from .wire import MAX_BODY, Problem

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
JSON = (b"content-type", b"application/json")
NO_STORE = (b"cache-control", b"no-store")
RETRY_AFTER = (b"retry-after", b"1")
CHALLENGE = (b"www-authenticate", b"Bearer")
encode = Encoder().encode


class Answer(Exception):
    """An answer that is decided: status, body and further headers."""

    def __init__(self, status: int, body: dict[str, Any] | None, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, list(headers)


#: Nearly every answer there is: made once.
ONE_ACCEPTED = Answer(202, {"accepted": 1})
ONE_HEADERS = [JSON, NO_STORE, (b"content-length", b"14")]
ONE_BODY = {"type": "http.response.body", "body": b'{"accepted":1}'}


async def read_body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    if b"content-encoding" in headers and headers[b"content-encoding"] != b"identity":
        raise Answer(415, error("encoding", "send the body uncompressed"))
    announced = headers.get(b"content-length", b"")
    length = int(announced) if announced.isdigit() else -1
    if length > MAX_BODY:
        raise _too_large()
    message = await receive()
    body: bytes = message.get("body", b"")
    # The server says that more may come even where all has come. To ask it again costs as much as to read the event.
    while len(body) != length and message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _too_large()
    if message["type"] == "http.disconnect":
        raise Answer(400, error("disconnected", "the body ended early"))
    if len(body) > MAX_BODY:
        raise _too_large()
    return body


def _too_large() -> Answer:
    reason = f"the body has more than {MAX_BODY} bytes"
    return Answer(413, error("too_large", reason), [(b"connection", b"close")])


def error(code: str, reason: str) -> dict[str, Any]:
    return {"error": code, "reason": reason}


def bad_answer(problems: list[Problem], accepted: int, status: int) -> Answer:
    problems.sort(key=lambda p: -1 if p.index is None else p.index)
    return Answer(status, {"accepted": accepted, "errors": problems})


async def send_answer(send: Send, answer: Answer, cors: list[tuple[bytes, bytes]]) -> None:
    if answer is ONE_ACCEPTED:
        await send({"type": "http.response.start", "status": 202, "headers": ONE_HEADERS + cors})
        await send(ONE_BODY)
        return
    body = b"" if answer.body is None else encode(answer.body)
    headers = [JSON, NO_STORE, (b"content-length", b"%d" % len(body)), *cors, *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
