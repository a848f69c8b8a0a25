"""`headwater up`: database, web and worker in one process tree.

One Ctrl+C stops all of them in order (web and worker first, the database last); a child that dies is started again
and that is said. Web and worker notice the death of this process and stop; the database goes on until the next
start adopts it. Free of Django, to stay small.
"""

from __future__ import annotations

import logging
import logging.config
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import FrameType

from headwater.core.binaries import EmbeddedError
from headwater.core.config import config
from headwater.core.embedded import Embedded
from headwater.core.serve import end_with_parent, free_port, port_in_use

log = logging.getLogger("headwater.up")
#: A child that dies again within this many seconds waits before it is started again, at most BACKOFF_LIMIT.
SOON = 10.0
BACKOFF_LIMIT = 15.0
#: Settings of what listens beside the web in a demo, and how far above the web's port it does so
BESIDE = {"HEADWATER_CATCHER_PORT": 25, "HEADWATER_TEXTCATCHER_PORT": 26, "HEADWATER_PUSHCATCHER_PORT": 27}


def _die_with_parent() -> None:
    os.setsid()  # Ctrl+C in the terminal goes to the supervisor alone, which then stops the children in order
    end_with_parent(signal.SIGTERM)


def elsewhere(port: int) -> dict[str, str]:
    """Other ports for what listens beside the web, where somebody has the usual ones: a demo on the next port, say,
    which would get this one's mails."""
    taken = [name for name, above in BESIDE.items() if port_in_use("127.0.0.1", port + above)]
    return {name: str(free_port()) for name in taken if not os.environ.get(name, "").strip()}


@dataclass
class Child:
    """A process that must run as long as the supervisor does."""

    name: str
    argv: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    backoff: float = 0.0
    restart_at: float = 0.0

    def start(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headwater", *self.argv], env=environment, preexec_fn=_die_with_parent
        )
        self.started = time.monotonic()

    def look(self) -> int | None:
        """The exit status where the process has died, else None."""
        return self.process.poll() if self.process else None


@dataclass
class Supervisor:
    """Runs until SIGINT or SIGTERM. `demo_people`: seed the demo company of that size first."""

    host: str
    port: int
    demo_people: int | None = None
    children: list[Child] = field(default_factory=list)
    stopping: bool = False
    database: Embedded | None = None
    beside: dict[str, str] = field(default_factory=dict)

    def run(self) -> int:
        """Returns the exit status: 0 after a clean stop, 1 where the start failed (the message says why)."""
        logging.config.dictConfig(config.logging)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop_signal)
        if port_in_use(self.host, self.port):
            print(
                f"headwater: port {self.port} on {self.host} is in use. Is Headwater running already? Stop it, or "
                f"choose another port: --port {self.port + 1} (or HEADWATER_PORT).",
                file=sys.stderr,
            )
            return 1
        began = time.monotonic()
        self.beside = elsewhere(self.port)
        try:
            self._start_database()
            if not self._prepare():
                return 1
            self._start_children()
            self._announce(time.monotonic() - began)
            self._watch()
        except EmbeddedError as error:
            print(f"headwater: {error}", file=sys.stderr)
            return 1
        finally:
            self._shut_down()
        return 0

    # -- start ---------------------------------------------------------------------------------------------------
    def _start_database(self) -> None:
        if config.database_url:
            return
        self.database = Embedded(config.data_dir)
        if not self.database.start():
            log.info("database_adopted", extra={"data": str(config.data_dir)})

    def _environment(self) -> dict[str, str]:
        # The address of the database is left to the child's own default: it reads the same settings.
        return {**os.environ, **self.beside, "HEADWATER_PORT": str(self.port), "PYTHONUNBUFFERED": "1"}

    def _prepare(self) -> bool:
        """Migrations, and the demo company where one is wanted, each in a process of its own that gives its memory
        back. False where one failed."""
        steps = [["migrate"]]
        if self.demo_people is not None:
            steps.append(["seed_demo", "--people", str(self.demo_people)])
        for argv in steps:
            if self.stopping:
                return False
            environment = {**self._environment(), "HEADWATER_VERBOSITY": "0"}
            if subprocess.run([sys.executable, "-m", "headwater", *argv], env=environment).returncode:
                print(f"headwater: `headwater {argv[0]}` failed; its message is above.", file=sys.stderr)
                return False
        return not self.stopping

    def _start_children(self) -> None:
        self.children = [
            Child("web", ["serve", "--host", self.host, "--port", str(self.port)]),
            Child("worker", ["work"]),
        ]
        for child in self.children:
            child.start(self._environment())

    def _announce(self, seconds: float) -> None:
        deadline = time.monotonic() + 60
        while not self.stopping and time.monotonic() < deadline and not port_in_use(self.host, self.port):
            time.sleep(0.1)
        if self.stopping:
            return
        address = (
            f"http://{'localhost' if self.host in ('127.0.0.1', '0.0.0.0', 'localhost') else self.host}:{self.port}"
        )
        if self.demo_people is None:
            print(f"\n  Headwater is ready: {address}\n  Ctrl+C stops it.\n", flush=True)
            return
        print(DEMO_WORDS.format(address=address), flush=True)

    # -- run -----------------------------------------------------------------------------------------------------
    def _watch(self) -> None:
        while not self.stopping:
            time.sleep(0.2)
            if self.database is not None and not self.stopping and self.database.pid() is None:
                log.warning("database_died_and_is_started_again")
                try:
                    self.database.start()
                except EmbeddedError as error:
                    log.error("database_does_not_start", extra={"why": str(error)})
                    time.sleep(2)
            for child in self.children:
                self._revive(child)

    def _revive(self, child: Child) -> None:
        status = child.look()
        if status is None or self.stopping:
            return
        now = time.monotonic()
        if not child.restart_at:
            soon = now - child.started < SOON
            child.backoff = min(max(child.backoff * 2, 0.5), BACKOFF_LIMIT) if soon else 0.0
            child.restart_at = now + child.backoff
            log.warning(
                f"{child.name}_died_and_is_started_again", extra={"status": status, "after_seconds": child.backoff}
            )
        if now >= child.restart_at:
            child.restart_at = 0.0
            child.start(self._environment())

    # -- stop ----------------------------------------------------------------------------------------------------
    def _stop_signal(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _shut_down(self) -> None:
        running = [c for c in self.children if c.process and c.process.poll() is None]
        for child in running:
            assert child.process is not None
            child.process.terminate()
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                log.warning("killed_after_20_seconds", extra={"child": child.name})
                child.process.kill()
        if self.database is not None:
            self.database.stop()
        if running:
            print("\n  Headwater has stopped. Nothing was lost.\n", flush=True)


DEMO_WORDS = """
  Headwater is ready:   {address}

  Sign in (password for all three: headwater)
    marketer            maria@demo.example
    sales               rafael@demo.example
    administrator       admin@demo.example

  What to try
    1. Open {address}/site/ in a private window and play a visitor: read the pricing page, download the
       white paper with your name, start a trial. Watch "Live visitors" in another tab as Maria.
    2. {address}/demo/inbox/ shows the mails that person gets; the links in them work.
    3. Sign in as Rafael: Today shows the lead that was handed over, and why. Accept it, drag the deal to Won.

  Ctrl+C stops it; the next `make demo` goes on where you left.
"""
