"""`headwater up`: one command, one process tree, one Ctrl+C; a killed child comes back and that is said."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater.core.bench import resident_mb

from .patience import wait_for
from .running import ROOT, Running, started

pytestmark = [pytest.mark.xdist_group("up"), pytest.mark.slow]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("up"), fresh=True) as up:
        yield up


def listens(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("name,word", [("serve", "web"), ("work", "worker")])
def test_a_killed_child_is_started_again_and_said_so(running: Running, name: str, word: str) -> None:
    wait_for(lambda: set(running.children()) == {"serve", "work"})
    before = running.children()[name]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: running.children().get(name, before) != before)
    running.wait_until_up()
    assert f"{word}_died_and_is_started_again" in running.log


def test_a_killed_database_is_started_again_and_said_so(running: Running) -> None:
    pid = running.database.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: running.database.pid() not in (None, pid))
    assert running.until("SELECT count(*) FROM timeline_lane") == [(256,)]
    assert "database_died_and_is_started_again" in running.log


SESSION = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from headwater.accounts.models import User
user = User.objects.create_user(username="live@example.com", email="live@example.com", password="x")
session = SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session.create()
print(session.session_key)
"""


def test_open_pages_are_told_what_changed_and_strangers_are_not(running: Running) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{running.url}/live?topics=person:1", timeout=5)
    key = running.python(SESSION)
    request = urllib.request.Request(
        f"{running.url}/live?topics=person:1,board", headers={"Cookie": f"sessionid={key}"}
    )
    with urllib.request.urlopen(request, timeout=20) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert [stream.readline() for _ in range(3)] == [b"retry: 2000\n", b": hello\n", b"\n"]
        time.sleep(0.5)  # until it listens
        running.sql("SELECT pg_notify('headwater_live', t) FROM unnest(ARRAY['person:2', 'person:1', 'board']) t")
        assert [stream.readline() for _ in range(4)] == [b"data: board\n", b"\n", b"data: person:1\n", b"\n"]


def test_web_worker_and_supervisor_stay_within_400_mb(running: Running) -> None:
    assert running.process is not None
    running.wait_until_up()
    assert resident_mb(running.process.pid) < 400


def test_a_taken_port_is_named_with_a_way_out(running: Running) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "headwater", "up", "--port", str(running.port)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "HEADWATER_DATA": str(running.data), "DATABASE_URL": ""},
    )
    assert done.returncode == 1
    assert f"port {running.port} on 127.0.0.1 is in use" in done.stderr
    assert f"--port {running.port + 1}" in done.stderr


def test_killing_the_supervisor_takes_web_and_worker_along_and_the_next_start_goes_on(running: Running) -> None:
    assert running.process is not None
    children = running.children()
    running.process.kill()
    running.process.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children.values()))
    wait_for(lambda: not listens(running.port))
    running.start()
    assert running.until("SELECT count(*) FROM timeline_lane") == [(256,)]


def test_one_interrupt_stops_everything(running: Running) -> None:
    assert running.process is not None
    children = list(running.children().values())
    assert running.stop() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    assert running.database.pid() is None
    assert "Nothing was lost" in running.log
