"""What the soak runs on: an embedded PostgreSQL with fsync on, worker processes, an SMTP server that notes what it
accepted. Only processes that were started here are ever stopped or killed, each by its id."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from headwater.core.embedded import Embedded

from .. import processes, ready
from ..running import ROOT, free_port

#: Short, so that hand-overs happen in the soak's time; the defaults are 30 and 60
SILENCE, LEASE = 2, 5
#: The workers differ, so that large and small transactions meet
OWN: list[dict[str, str]] = [
    {},
    {"HEADWATER_LANES_PER_TRANSACTION": "32", "HEADWATER_MAIL_BATCH": "50"},
    {"HEADWATER_JOURNEY_BATCH": "150", "HEADWATER_BATCH_TOTAL": "300"},
]
_ID = re.compile(rb"^message-id:\s*<([^>]+)>", re.I | re.M)
T = TypeVar("T")


@dataclass
class Letters:
    """An SMTP server: how often each Message-ID was accepted."""

    port: int = field(default_factory=free_port)
    got: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content: Any = envelope.content
        found = _ID.search(content)
        with self.lock:
            self.got[found[1].decode() if found else "?"] += len(envelope.rcpt_tos)
        return "250 accepted"

    def start(self) -> Controller:
        controller = Controller(self, hostname="127.0.0.1", port=self.port)
        controller.start()
        return controller


class Worker:
    """`headwater work` as a process that can be killed and started again."""

    def __init__(self, number: int, environment: dict[str, str], folder: Path) -> None:
        self.number = number
        self.environment = {**environment, **OWN[number % len(OWN)]}
        self.log = folder / f"worker-{number}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            command = [sys.executable, "-m", "headwater", "work"]
            self.process = processes.start(
                command, dies=signal.SIGKILL, env=self.environment, stdout=out, stderr=out, cwd=ROOT
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def parts(self) -> list[int]:
        """Its two processes: the engine, then delivery (fewer while one is being started)."""
        try:
            return sorted(map(int, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()))
        except FileNotFoundError:
            return []

    def family(self) -> list[int]:
        return [self.pid, *self.parts()]

    def gone(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        """Let the batch in hand be finished."""
        if not self.gone():
            assert self.process is not None
            self.signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def signal(self, number: int) -> None:
        """To all of its processes, as to a machine that stops or goes on."""
        for pid in self.family():
            send(pid, number)


def send(pid: int, number: int) -> bool:
    """A signal to one process; False where it is gone."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


class Stage:
    """`open` brings everything up; Django in this process talks to the same database."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        self.database = Embedded(folder, {"max_connections": "60", "shared_buffers": "128MB"})
        self.letters = Letters()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("HEADWATER_", "DJANGO_", "DATABASE_"))},
            "DATABASE_URL": self.database.url(),
            "HEADWATER_DATA": str(folder),
            "HEADWATER_SECRET_KEY": "soak",
            "HEADWATER_SMTP_URL": f"smtp://127.0.0.1:{self.letters.port}",
            "HEADWATER_WORKER_SILENCE": str(SILENCE),
            "HEADWATER_MAIL_LEASE": str(LEASE),
            "HEADWATER_LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
        }
        self.workers = [Worker(n, self.environment, folder) for n in range(workers)]

    def open(self) -> None:
        """The database with all tables, and the mail server."""
        ready.copy_into(self.folder)
        self.database.start()
        for name in [n for n in os.environ if n.startswith(("HEADWATER_", "DJANGO_", "DATABASE_"))]:
            del os.environ[name]
        own = {k: v for k, v in self.environment.items() if k.startswith(("HEADWATER_", "DATABASE_"))}
        os.environ.update(own, DJANGO_SETTINGS_MODULE="headwater.web.settings")
        import django
        from django.core.management import call_command

        from headwater.core.setup import after_migrate

        django.setup()
        call_command("migrate", verbosity=0)
        after_migrate()
        self.server = self.letters.start()

    def start_workers(self) -> None:
        """All of them, until each has its connections."""
        for worker in self.workers:
            worker.start()
        deadline = time.monotonic() + 120
        query = "SELECT count(DISTINCT application_name) FROM pg_stat_activity WHERE application_name LIKE %s"
        while self.ask(query, "headwater-worker%")[0][0] < len(self.workers):
            assert time.monotonic() < deadline, "the workers do not start"
            time.sleep(0.1)

    def close(self) -> None:
        for worker in self.workers:
            worker.stop()
        if hasattr(self, "server"):
            self.server.stop()
        self.database.stop()

    def ask(self, query: str, *args: object) -> list[tuple[Any, ...]]:
        """One query on a connection of its own, until the database answers."""
        return insist(lambda: self._ask(query, args))

    def _ask(self, query: str, args: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.url(), autocommit=True) as connection:
            return connection.execute(query, args or None).fetchall()  # type: ignore[call-overload]


def insist(what: Callable[[], T], patience: float = 60) -> T:
    """Do it until the database is there to do it; whatever it does must be safe to do again."""
    from django.db import DatabaseError, InterfaceError, OperationalError, connection

    deadline = time.monotonic() + patience
    while True:
        try:
            return what()
        except (OperationalError, InterfaceError, DatabaseError, psycopg.OperationalError) as error:
            if not isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError)):
                raise
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.1)
