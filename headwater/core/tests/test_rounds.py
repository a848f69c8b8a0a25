"""What a busy worker need not do in each round, and need not plan anew."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from headwater.core import statements, wake
from headwater.core.registry import Loop
from headwater.core.worker import Worker


@pytest.mark.django_db
def test_a_connection_keeps_all_statements_of_a_round_prepared() -> None:
    connection.ensure_connection()
    assert connection.connection.prepared_max == statements.KEPT


@pytest.mark.django_db(transaction=True)
def test_a_busy_thread_runs_a_loop_with_a_pause_once_in_that_time_unless_it_is_full() -> None:
    worker, calls = Worker(), {"busy": 0, "seldom": 0, "full": 0}

    def run(name: str, answers: int) -> int:
        calls[name] += 1
        if name == "busy" and calls[name] == 20:
            worker.stop.set()
        return answers

    group = [
        Loop("busy", lambda: run("busy", 1), 1),
        Loop("seldom", lambda: run("seldom", 1), 2, pause=60, full=2),
        Loop("full", lambda: run("full", 2), 3, pause=60, full=2),
    ]
    worker.bells = {"engine": threading.Event()}
    thread = threading.Thread(target=worker._thread, args=("engine", group))
    thread.start()
    thread.join(30)
    assert calls == {"busy": 20, "seldom": 1, "full": 19}


@pytest.mark.django_db
def test_a_notice_is_said_once_in_a_transaction_and_again_after_what_said_it_was_rolled_back() -> None:
    def said(*topics: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            wake.notify(topics)
        return len(queries)

    assert (said("facts"), said("facts"), said("facts", "mail"), said("mail")) == (1, 0, 1, 0)
    with transaction.atomic():
        assert (said("board"), said("board")) == (1, 0)
        transaction.set_rollback(True)
    assert (said("board"), said("facts")) == (1, 0)
