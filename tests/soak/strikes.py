"""Who is killed, frozen and edited when: drawn from the seed."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

from .stage import SILENCE, Stage, Worker, insist, send

#: Of `TENTH` strikes one hits PostgreSQL
TENTH = 10


@dataclass
class Striker:
    """Kills and freezes, and writes down what it did."""

    stage: Stage
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    #: How long lanes stayed with a worker that stood still, in seconds
    kept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw = random.Random(f"{self.seed} strikes")

    @property
    def kills(self) -> int:
        return sum(n for what, n in self.done.items() if what != "frozen")

    def strike(self) -> str:
        """Kill something; whatever does not come back by itself is started again. Returns what was hit."""
        number = self.kills + 1
        if number % TENTH == 0:
            what = "postgres" if number % (2 * TENTH) else "backend"
            self._postgres() if what == "postgres" else self._backend()
        else:
            worker = self.draw.choice(self._ready())
            what = self.draw.choices(["worker", "engine", "delivery"], (2, 4, 3))[0]
            what = self._kill(worker, what)
        self.done[what] += 1
        return what

    def _kill(self, worker: Worker, what: str) -> str:
        parts = worker.parts()
        if what == "worker" or len(parts) < 2:
            send(worker.pid, signal.SIGKILL)
            assert worker.process is not None
            worker.process.wait()
            time.sleep(self.draw.uniform(0, 0.3))
            worker.start()
            return "worker"
        send(parts[0] if what == "engine" else parts[1], signal.SIGKILL)  # its parent starts it again
        return what

    def _ready(self) -> list[Worker]:
        """The workers that are up; all of them where none is."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if found := [w for w in self.stage.workers if len(w.parts()) == 2]:
                return found
            time.sleep(0.05)
        return self.stage.workers

    def _postgres(self) -> None:
        pid = self.stage.database.pid()
        if pid is not None:
            send(pid, signal.SIGKILL)
            while self.stage.database.pid() == pid:
                time.sleep(0.01)
        time.sleep(self.draw.uniform(0, 0.5))
        self.stage.database.start()

    def _backend(self) -> None:
        """One server process dies, and PostgreSQL recovers as from a crash."""
        rows = self.stage.ask(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'headwater-worker%' ORDER BY pid"
        )
        if rows:
            send(self.draw.choice(rows)[0], signal.SIGKILL)

    def freeze(self) -> float:
        """A worker stands still, its connections open, as if its machine had vanished; others must have its lanes
        within seconds. Then it comes back. Returns for how many seconds it kept a transaction open."""
        worker = self.draw.choice(self._ready())
        worker.signal(signal.SIGSTOP)
        began = time.monotonic()
        away = SILENCE + self.draw.choice([1.5, 4.5])  # beyond the silence; beyond the lease of mails, too
        kept = 0.0
        while time.monotonic() < began + away:
            if self._holds(worker):
                kept = time.monotonic() - began
            time.sleep(0.1)
        self.kept.append(kept)
        worker.signal(signal.SIGCONT)
        self.done["frozen"] += 1
        return kept

    def _holds(self, worker: Worker) -> bool:
        """Does a session of the worker hold heads of lanes?"""
        rows = self.stage.ask(
            "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation = 'timeline_lane'::regclass "
            "AND a.xact_start IS NOT NULL AND a.application_name LIKE %s LIMIT 1",
            f"%:{worker.pid}",
        )
        return bool(rows)


def restart_missing(stage: Stage) -> None:
    """Whoever should run runs."""
    stage.database.start()
    for worker in stage.workers:
        if worker.gone():
            worker.start()
    insist(lambda: stage.ask("SELECT 1"))
