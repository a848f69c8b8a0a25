"""What a test starts does not outlive the run, even where the run is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from . import processes
from .ready import ROOT

#: A run that starts a process, which forks another one; it says which they are
RUN = """
import sys, time
from tests import processes
FORKS = '''
import os, time
from headwater.core.serve import end_with_parent
if not os.fork():
    end_with_parent(9)
    print(os.getppid(), os.getpid(), flush=True)
time.sleep(600)
'''
processes.start([sys.executable, "-c", FORKS])
time.sleep(600)
"""


def gone(pid: int) -> bool:
    """Whether nobody has this id any more, or only what is left of somebody until the parent asks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked")
def test_a_run_that_is_killed_takes_what_it_started_along() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    started = [int(pid) for pid in run.stdout.readline().split()]
    assert [gone(pid) for pid in started] == [False, False]
    run.kill()
    run.wait()
    deadline = time.monotonic() + 30
    while not all(gone(pid) for pid in started):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.01)


def test_the_whole_group_ends_with_the_test() -> None:
    command = [sys.executable, "-c", "import os, time; print(os.getpid(), os.fork(), flush=True); time.sleep(600)"]
    process = processes.start(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    started = [int(pid) for line in (process.stdout.readline(), process.stdout.readline()) for pid in line.split()]
    processes.end(process)
    deadline = time.monotonic() + 30
    while not all(gone(pid) for pid in started if pid):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.01)
