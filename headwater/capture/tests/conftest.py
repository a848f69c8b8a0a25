"""A database of its own whose rows are committed, and a real web server on it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

import conftest as house
from headwater.core.serve import free_port
from tests import processes

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


@dataclass
class Database:
    url: str

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as c:
            cursor = c.execute(sql, args)
            return cursor.fetchall() if cursor.description else []

    def site(self, **values: Any) -> tuple[int, str]:
        """A site of its own: (id, public key)."""
        key = "site_" + os.urandom(6).hex()
        row = {"origins": [], "active": True, "automated": False, **values}
        ((pk,),) = self.rows(
            "INSERT INTO capture_site (name, public_key, allowed_origins, active, count_automated, created_at, events, "
            "bot_events) VALUES ('Test', %s, %s, %s, %s, '2026-01-01Z', 0, 0) RETURNING id",
            key,
            row["origins"],
            row["active"],
            row["automated"],
        )
        return pk, key

    def api_key(self, *scopes: str) -> str:
        from headwater.accounts.actions import key_digest

        key = "hw_" + os.urandom(8).hex()
        self.rows(
            "INSERT INTO accounts_apikey (name, prefix, digest, scopes, created_at) "
            "VALUES ('k', 'hw_', %s, %s, '2026-01-01Z')",
            key_digest(key),
            json.dumps(list(scopes)),
        )
        return key


@pytest.fixture(scope="module")
def database(postgres: str) -> Iterator[Database]:
    """A committed database for this module, copied from the migrated template."""
    name = f"test_{os.getpid()}_capture{time.monotonic_ns()}"
    with psycopg.connect(house._url("postgres"), autocommit=True) as c:
        c.execute(f'CREATE DATABASE "{name}" TEMPLATE "template_{house.state()}" STRATEGY FILE_COPY')
    yield Database(house._url(name))
    with psycopg.connect(house._url("postgres"), autocommit=True) as c:
        c.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def committed(database: Database, django_db_blocker: Any) -> Iterator[Database]:
    """The ORM works on `database`, in this thread and in others."""
    from django.db import connection

    from headwater.core.config import database_from_url

    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database_from_url(database.url)["NAME"]
    with django_db_blocker.unblock():
        yield database
        connection.close()
    connection.settings_dict["NAME"] = own


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Server:
    port: int
    process: subprocess.Popen[bytes]
    start: Callable[[], subprocess.Popen[bytes]] = field(repr=False)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        given = {"User-Agent": BROWSER, "Accept-Language": "en", **(headers or {})}
        connection.request(method, path, data, given)
        got = connection.getresponse()
        answer = Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        connection.close()
        return answer

    def post(self, site: str, *events: Any, visitor: str = "visitor-0001", headers: Any = None, **more: Any) -> Answer:
        return self.send("POST", "/t", {"site": site, "visitor": visitor, "events": list(events), **more}, headers)

    def kill(self) -> None:
        processes.end(self.process)

    def again(self) -> None:
        self.process = self.start()


def serve(url: str, **env: str) -> Server:
    """The product's web server on a free port, ready to answer."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asginl", "--loop", "uvloop", "--workers", "1"]
    command += ["--port", str(port), "--log-level", "warning", "headwater.web.asgi:application"]

    def start() -> subprocess.Popen[bytes]:
        process = processes.start(command, env={**os.environ, "DATABASE_URL": url, **env})
        for _ in range(1200):  # a crowded machine takes its time
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            time.sleep(0.05)
        processes.end(process)
        raise RuntimeError("the server did not start")

    return Server(port, start(), start)


@pytest.fixture(scope="module")
def server(database: Database) -> Iterator[Server]:
    made = serve(database.url)
    yield made
    made.kill()
