"""The worker: calls the registered loops until a signal ends it.

Loops of one `thread` run one after the other; a thread that found nothing to do sleeps until a NOTIFY or until the
shortest `every` of its loops has passed. Whatever a loop does, it does in transactions of its own, so the worker may
die at any instant.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import defaultdict
from types import FrameType

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from headwater.core.registry import Loop, loops, worker_services
from headwater.core.wake import WORK

log = logging.getLogger("headwater.worker")
#: A failing loop is tried again after this long, doubling up to the limit.
FIRST_RETRY, LAST_RETRY = 0.5, 30.0
#: The thread whose loops run by the clock alone, however much happens
HOUSEKEEPING = "housekeeping"


class Worker:
    """One process of the worker; several may run on several machines."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.bells: dict[str, threading.Event] = {}
        self.retry: dict[str, tuple[float, float]] = {}  # loop -> (not before, pause)

    def run(self) -> int:
        """Until SIGTERM or SIGINT; the batch in hand is finished first."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        stops = [service() for service in worker_services]
        connection.close()
        groups: dict[str, list[Loop]] = defaultdict(list)
        for loop in sorted(loops, key=lambda item: item.order):
            groups[loop.thread].append(loop)
        self.bells = {name: threading.Event() for name in groups}
        threads = [
            threading.Thread(target=self._thread, args=(name, group), name=name) for name, group in groups.items()
        ]
        listener = threading.Thread(target=self._listen, name="listen", daemon=True)
        for thread in [*threads, listener]:
            thread.start()
        log.info("worker_ready", extra={"loops": len(list(loops))})
        while not self.stop.wait(1.0):
            pass
        for thread in threads:
            thread.join()
        for end in stops:
            end()
        return 0

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.stop.set()
        for bell in self.bells.values():
            bell.set()

    def _ring(self, but: str) -> None:
        """Wake the other threads; housekeeping keeps to its own clock."""
        for name, bell in self.bells.items():
            if name not in (but, HOUSEKEEPING):
                bell.set()

    def _thread(self, name: str, group: list[Loop]) -> None:
        bell = self.bells[name]
        due = dict.fromkeys((loop.name for loop in group), 0.0)
        while not self.stop.is_set():
            rung = bell.is_set()
            bell.clear()
            did = 0
            for loop in group:
                now = time.monotonic()
                if rung or now >= due[loop.name]:
                    count = self._once(loop)
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
        except (OperationalError, InterfaceError) as error:
            log.warning("database_away", extra={"loop": loop.name, "why": str(error).strip().split("\n")[0]})
            connection.close()
            pause = min(max(pause * 1.5, FIRST_RETRY), 3.0)
        except Exception:
            log.exception("loop_failed", extra={"loop": loop.name})
            connection.close()
            pause = min(max(pause * 2, FIRST_RETRY), LAST_RETRY)
        self.retry[loop.name] = (time.monotonic() + pause, pause)
        return 0

    def _listen(self) -> None:
        """Ring the bells at every NOTIFY. Only a hint: without it the loops still look every half second."""
        database = settings.DATABASES["default"]
        while not self.stop.is_set():
            try:
                with psycopg.connect(
                    dbname=connection.settings_dict["NAME"],
                    user=database["USER"] or None,
                    password=database["PASSWORD"] or None,
                    host=database["HOST"] or None,
                    port=database["PORT"] or None,
                    autocommit=True,
                    application_name="headwater-listen",
                ) as listening:
                    listening.execute(f"LISTEN {WORK}")
                    while not self.stop.is_set():
                        for _ in listening.notifies(timeout=1.0, stop_after=1):
                            self._ring(but="delivery")  # the engine rings it when there is something to send
            except psycopg.Error as error:
                log.warning("listener_away", extra={"why": str(error).strip().split("\n")[0]})
                self.stop.wait(0.5)
