"""The worker's threads: loops in order, again while there is work, and on after a failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
import pytest
from django.db import OperationalError, connection

from headwater.core import worker as worker_module
from headwater.core.registry import Loop, Registry
from headwater.core.worker import Worker


def run_with(loops: list[Loop], until: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's threads over these loops, without signals and without a listener, until the event is set."""
    registry: Registry[Loop] = Registry("loop")
    for loop in loops:
        registry.add(loop.name, loop)
    monkeypatch.setattr(worker_module, "loops", registry)
    worker = Worker()
    worker.bells = {"engine": threading.Event()}
    ordered = sorted(loops, key=lambda item: item.order)
    thread = threading.Thread(target=worker._thread, args=("engine", ordered), daemon=True)
    thread.start()
    happened = until.wait(10)
    worker.stop.set()
    worker.bells["engine"].set()
    thread.join(5)
    assert happened
    assert not thread.is_alive()


def test_loops_run_in_order_and_again_while_there_is_work(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    left = {"a": 2, "b": 1}
    done = threading.Event()

    def loop(name: str) -> Loop:
        def once() -> int:
            calls.append(name)
            if left[name]:
                left[name] -= 1
                return 1
            if calls.count("b") >= 3:
                done.set()
            return 0

        return Loop(name, once, order=ord(name), every=0.5)

    run_with([loop("b"), loop("a")], done, monkeypatch)
    assert calls[:6] == ["a", "b", "a", "b", "a", "b"]


@pytest.mark.parametrize("error", [RuntimeError("broken"), OperationalError("gone")])
def test_a_loop_that_fails_is_tried_again_and_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(worker_module, "FIRST_RETRY", 0.05)
    tries: list[float] = []
    others = 0
    done = threading.Event()

    def fails() -> int:
        tries.append(time.monotonic())
        if len(tries) == 3:
            done.set()
            return 0
        raise error

    def works() -> int:
        nonlocal others
        others += 1
        return 0

    loops = [Loop("fails", fails, order=1, every=0.01), Loop("works", works, order=2, every=0.01)]
    run_with(loops, done, monkeypatch)
    assert len(tries) >= 3
    assert tries[1] - tries[0] >= 0.05
    assert others >= 3


@pytest.mark.django_db(transaction=True)
def test_whatever_a_loop_says_when_its_session_was_ended_the_database_is_to_blame(
    postgres: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_module, "FIRST_RETRY", 0.01)
    done = threading.Event()
    tries: list[bool] = []

    def meets_the_end() -> int:
        tries.append(True)
        if len(tries) == 2:
            done.set()
            return 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            with psycopg.connect(postgres) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", cursor.fetchone())
            with suppress(OperationalError):
                cursor.execute("SELECT 1")
        raise RuntimeError("what was to be written down is not there")

    run_with([Loop("meets_the_end", meets_the_end, order=1, every=0.01)], done, monkeypatch)
    assert [r.message for r in caplog.records if r.name == "headwater.worker"][:1] == ["database_away"]
    assert tries == [True, True]


def test_a_worker_that_starts_while_the_database_is_away_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "FIRST_RETRY", 0.01)
    tries: list[str] = []
    ended: list[str] = []

    def first() -> Callable[[], None]:
        tries.append("first")
        if len(tries) < 3:
            raise OperationalError("connection refused")
        return lambda: ended.append("first")

    def second() -> Callable[[], None]:
        tries.append("second")
        return lambda: ended.append("second")

    registry: Registry[Callable[[], Callable[[], None]]] = Registry("service")
    registry.add("a", first)
    registry.add("b", second)
    monkeypatch.setattr(worker_module, "worker_services", registry)
    for end in Worker()._services():
        end()
    assert (tries, ended) == (["first", "first", "first", "second"], ["first", "second"])
