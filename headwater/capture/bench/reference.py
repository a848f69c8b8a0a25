"""The same server answering 202 without storing: it reads the body and answers. The bench's reference."""

from __future__ import annotations

from typing import Any

BODY = b'{"accepted":1}'
HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"content-length", b"14"),
    (b"access-control-allow-origin", b"https://example.com"),
    (b"vary", b"origin"),
]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer anything."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
