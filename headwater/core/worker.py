"""The worker: calls the registered loops until a signal ends it.

It is two processes, so that composing mails never makes the engine wait for Python's lock: `engine` with the threads
ENGINE, `delivery` with all others. A parent without threads forks them and forks again the one that dies.

Loops of one `thread` run one after the other; a thread that found nothing to do sleeps until a NOTIFY or until the
shortest `every` of its loops has passed. Whatever a loop does, it does in transactions of its own, so the worker may
die at any instant.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from headwater.core.config import connect_args, wait_for_no_disk
from headwater.core.registry import Loop, loops, worker_services
from headwater.core.serve import end_with_parent
from headwater.core.session import lost
from headwater.core.wake import WORK

log = logging.getLogger("headwater.worker")
#: A failing loop is tried again after this long, doubling up to the limit.
FIRST_RETRY, LAST_RETRY = 0.5, 30.0
#: The thread whose loops run by the clock alone, however much happens
HOUSEKEEPING = "housekeeping"


#: Threads of the process that reads the log; the others belong to the second process
ENGINE = frozenset({"engine"})
SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: How long a thread may keep Python's lock while another one has its answer from the database
SWITCH = 0.0005
#: When Python looks for garbage in circles: a round makes many objects and hardly any circles
GARBAGE = (20_000, 20, 50)


def as_engine() -> None:
    """Have this process look for garbage and wait for the disk as rarely as the engine's does, before it connects."""
    gc.set_threshold(*GARBAGE)
    wait_for_no_disk(connection.settings_dict["OPTIONS"])


def run() -> int:
    """Both processes, until SIGTERM or SIGINT; the batches in hand are finished first. Returns the exit status."""
    connection.close()
    heard, told = os.pipe()
    os.set_blocking(told, False)
    gc.collect()
    gc.freeze()  # what is loaded now stays shared between the processes
    children: dict[int, str] = {}
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        for pid in children:
            os.kill(pid, signal.SIGTERM)

    def start(name: str) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # a signal in between would not reach the new one
        pid = os.fork() if not stopping else -1
        if pid == -1:
            return
        if pid:
            children[pid] = name
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            return
        status = 1
        try:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            end_with_parent(signal.SIGKILL)
            if os.getppid() == parent:  # or it died before that took effect
                status = Worker(name, told if name == "engine" else None, heard if name == "delivery" else None).run()
        except BaseException:
            log.exception("worker_process_failed", extra={"part": name})
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    parent = os.getpid()
    for number in SIGNALS:
        signal.signal(number, stop)
    for name in ("engine", "delivery"):
        start(name)
    while children:
        pid, status = os.wait()
        name = children.pop(pid, "")
        if name and not stopping:
            log.error("worker_process_died_and_is_started_again", extra={"part": name, "status": status})
            time.sleep(0.1)
            start(name)
    return 0


class Worker:
    """One of the worker's processes. told: where it says that there are mails to send; heard: where it hears so."""

    def __init__(self, process: str = "", told: int | None = None, heard: int | None = None) -> None:
        self.process, self.told, self.heard = process, told, heard
        self.stop = threading.Event()
        self.bells: dict[str, threading.Event] = {}
        self.retry: dict[str, tuple[float, float]] = {}  # loop -> (not before, pause)

    def _mine(self, loop: Loop) -> bool:
        return not self.process or (loop.thread in ENGINE) == (self.process == "engine")

    def run(self) -> int:
        """Until SIGTERM or SIGINT; the batch in hand is finished first."""
        for number in SIGNALS:
            signal.signal(number, self._signalled)
        sys.setswitchinterval(SWITCH)
        if self.process == "engine":
            as_engine()
        else:
            gc.set_threshold(*GARBAGE)
        stops = self._services() if self.process != "engine" else []
        connection.close()
        groups: dict[str, list[Loop]] = defaultdict(list)
        for loop in sorted(filter(self._mine, loops), key=lambda item: item.order):
            groups[loop.thread].append(loop)
        self.bells = {name: threading.Event() for name in groups}
        threads = [
            threading.Thread(target=self._thread, args=(name, group), name=name) for name, group in groups.items()
        ]
        if self.process != "delivery":
            threading.Thread(target=self._listen, name="listen", daemon=True).start()
        if self.heard is not None:
            threading.Thread(target=self._hear, name="hear", daemon=True).start()
        for thread in threads:
            thread.start()
        log.info("worker_ready", extra={"part": self.process, "loops": sum(map(len, groups.values()))})
        while not self.stop.wait(1.0):
            pass
        for thread in threads:
            thread.join()
        for end in stops:
            end()
        return 0

    def _services(self) -> list[Callable[[], None]]:
        """Start what runs beside the loops, as soon as the database is there. Returns how to end it."""
        stops = []
        for service in worker_services:
            while not self.stop.is_set():
                try:
                    stops.append(service())
                    break
                except (OperationalError, InterfaceError) as error:
                    log.warning("database_away", extra={"loop": "start", "why": str(error).strip().split("\n")[0]})
                    connection.close()
                    self.stop.wait(FIRST_RETRY)
        return stops

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.stop.set()
        for bell in self.bells.values():
            bell.set()

    def _ring(self, but: str) -> None:
        """Wake the other threads; housekeeping keeps to its own clock."""
        for name, bell in self.bells.items():
            if name not in (but, HOUSEKEEPING):
                bell.set()
        if self.told is not None and but != "delivery":
            with suppress(BlockingIOError):  # it has been told often enough
                os.write(self.told, b".")

    def _hear(self) -> None:
        """Ring at every word of the other process."""
        while self.heard is not None and os.read(self.heard, 4096):
            self.bells["delivery"].set()

    def _thread(self, name: str, group: list[Loop]) -> None:
        bell = self.bells[name]
        due = dict.fromkeys((loop.name for loop in group), 0.0)
        early = dict(due)
        while not self.stop.is_set():
            rung = bell.is_set()
            bell.clear()
            did = 0
            for loop in group:
                now = time.monotonic()
                if (rung or now >= due[loop.name]) and now < early[loop.name]:
                    due[loop.name] = early[loop.name]
                elif rung or now >= due[loop.name]:
                    count = self._once(loop)
                    early[loop.name] = now + loop.pause if count < loop.full else 0.0
                    did += count
                    if count:  # what one thread wrote may be work for another
                        self._ring(but=name)
                    due[loop.name] = 0.0 if count else time.monotonic() + loop.every
                if self.stop.is_set():
                    break
            if did:
                if name != HOUSEKEEPING:
                    due = dict.fromkeys(due, 0.0)
                continue
            bell.wait(max(0.005, min(due.values()) - time.monotonic()))
        connection.close()

    def _once(self, loop: Loop) -> int:
        not_before, pause = self.retry.get(loop.name, (0.0, 0.0))
        if time.monotonic() < not_before:
            return 0
        try:
            did = loop.run_once()
            self.retry.pop(loop.name, None)
            return did
        except Exception as error:
            if lost(error):
                log.warning("database_away", extra={"loop": loop.name, "why": str(error).strip().split("\n")[0]})
                pause = min(max(pause * 1.5, FIRST_RETRY), 3.0)
            else:
                log.exception("loop_failed", extra={"loop": loop.name})
                pause = min(max(pause * 2, FIRST_RETRY), LAST_RETRY)
            connection.close()
        self.retry[loop.name] = (time.monotonic() + pause, pause)
        return 0

    def _listen(self) -> None:
        """Ring the bells at every NOTIFY. Only a hint: without it the loops still look every half second."""
        database = {**settings.DATABASES["default"], "NAME": connection.settings_dict["NAME"]}
        while not self.stop.is_set():
            try:
                with psycopg.connect(**connect_args(database), application_name="headwater-listen") as listening:
                    listening.execute(f"LISTEN {WORK}")
                    while not self.stop.is_set():
                        for _ in listening.notifies(timeout=1.0, stop_after=1):
                            self._ring(but="delivery")  # the engine rings it when there is something to send
            except psycopg.Error as error:
                log.warning("listener_away", extra={"why": str(error).strip().split("\n")[0]})
                self.stop.wait(0.5)
