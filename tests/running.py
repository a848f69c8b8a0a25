"""A whole Headwater for tests: `headwater up` (or demo) in a data directory of its own, as a user would start it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from headwater.core.embedded import Embedded
from headwater.core.serve import free_port

from . import processes, ready
from .patience import patient
from .ready import HIDDEN, ROOT

__all__ = ["ROOT", "Running", "free_port", "started"]


@contextmanager
def started(data: Path, extra: dict[str, str] | None = None, **more: Any) -> Iterator[Running]:
    """`headwater up` (or what `command` says) that answers, for the length of a test; it is ended however the test
    ends."""
    made = Running(data, extra=extra or {}, **more)
    try:
        made.start()
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.stop()
        made.database.stop()


@dataclass
class Running:
    """Start with `start()`, end with `stop()`. `extra` goes into the environment; fresh: begin with nothing, where an
    empty installation would do."""

    data: Path
    command: list[str] = field(default_factory=lambda: ["up"])
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    fresh: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Embedded:
        return Embedded(self.data)

    @property
    def log(self) -> str:
        return (self.data / "output.log").read_text(errors="replace")

    def prepare(self) -> None:
        """The data directory, with an empty installation in it where there was none."""
        if self.fresh or self.database.pgdata.exists():
            ready.passable(self.data)
        else:
            ready.copy_into(self.data)

    def start(self, seconds: float = 90, **extra: str) -> None:
        """Start, and wait until it answers."""
        self.launch(**extra)
        self.wait_until_up(seconds)

    def launch(self, **extra: str) -> None:
        """Start without waiting."""
        self.prepare()
        environment = {k: v for k, v in os.environ.items() if k not in HIDDEN}
        environment |= {"HEADWATER_DATA": str(self.data), **self.extra, **extra}
        command = [sys.executable, "-m", "headwater", *self.command, "--port", str(self.port)]
        with (self.data / "output.log").open("ab") as out:
            self.process = processes.start(command, env=environment, stdout=out, stderr=out, cwd=ROOT)

    def wait_until_up(self, seconds: float = 60) -> None:
        began = time.monotonic()
        while time.monotonic() < began + patient(seconds):
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"headwater ended with {self.process.returncode}:\n{self.log}")
            try:
                urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=5).read()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"headwater did not answer within {seconds} s:\n{self.log}")

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=patient(40))
        finally:
            processes.end(self.process)
            self.database.stop()

    def python(self, code: str) -> str:
        """Run code inside this installation (`headwater shell`); returns what it prints."""
        environment = {**os.environ, **self.extra, "HEADWATER_DATA": str(self.data), "DATABASE_URL": ""}
        environment.pop("HEADWATER_SECRET_KEY", None)
        done = subprocess.run(
            [sys.executable, "-m", "headwater", "shell", "-v", "0", "-c", code],
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    # -- looking in ----------------------------------------------------------------------------------------------
    def sql(self, query: str, *args: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database.url(), autocommit=True) as connection:
            cursor = connection.execute(query, args or None)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def until(self, query: str, *args: object, seconds: float = 30) -> list[tuple[object, ...]]:
        """Ask until there is an answer."""
        began = time.monotonic()
        while time.monotonic() < began + patient(seconds):
            try:
                if rows := self.sql(query, *args):
                    return rows
            except psycopg.OperationalError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"no answer within {seconds} s to: {query}\n{self.log[-3000:]}")

    def children(self) -> dict[str, int]:
        """The supervisor's own children by the command they run: {"serve": pid, "work": pid}."""
        assert self.process is not None
        found = {}
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in pids:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            for name in ("serve", "work"):
                if name.encode() in words:
                    found[name] = int(pid)
        return found
