"""A real HTTP server for tests that behaves as Twilio does, with a will of its own."""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

#: (status, JSON) instead of taking the text; "cut": it is taken and the line breaks before the answer
Will = Callable[[dict[str, str]], tuple[int, object, dict[str, str]] | str | None]


@dataclass
class Provider:
    """What came, and what to answer: `answer(params)` gives (status, JSON, headers), "cut", "slow" or None."""

    port: int = 0
    asked: int = 0
    taken: list[dict[str, str]] = field(default_factory=list)
    raw: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answer: Will = lambda params: None

    @property
    def url(self) -> str:
        return f"twilio+http://AC1:token@127.0.0.1:{self.port}?from=+15005550006"


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            provider.raw.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            said = dict(parse_qsl(body.decode(), keep_blank_values=True)) if b"=" in body else {}
            provider.asked += 1
            will = provider.answer(said)
            if isinstance(will, tuple):
                return self.say(*will)
            sid = f"SM{uuid.uuid4().hex}"
            provider.taken.append({**said, "sid": sid})
            if will == "slow":
                time.sleep(1.0)
            if will == "cut":
                self.close_connection = True
                self.connection.shutdown(2)
                return None
            return self.say(201, {"sid": sid, "status": "queued"}, {})

        do_PUT = do_POST

        def do_GET(self) -> None:
            token = base64.b64encode(b"AC1:token").decode()
            if self.headers.get("Authorization") != f"Basic {token}":
                return self.say(401, {"code": 20003, "message": "Authenticate"}, {})
            to = dict(parse_qsl(urlsplit(self.path).query)).get("To")
            found = [
                {"sid": t["sid"], "to": t["To"], "body": t["Body"], "direction": "outbound-api"}
                for t in provider.taken
                if t.get("To") == to
            ]
            return self.say(200, {"messages": found}, {})

        def say(self, status: int, said: object, headers: dict[str, str]) -> None:
            body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", provider.port), Handler)
    server.daemon_threads = True
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
