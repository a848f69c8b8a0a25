"""Processes that tests start: each in a group of its own, which ends with the test, or with the run that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from headwater.core.serve import end_with_parent


def bound(dies: signal.Signals) -> Callable[[], None]:
    """For preexec_fn: a group of its own, and `dies` from the kernel when this process is gone, however that came."""
    parent = os.getpid()

    def alone() -> None:
        os.setsid()
        end_with_parent(dies)
        if os.getppid() != parent:  # gone before that took effect
            os._exit(1)

    return alone


def start(command: list[str], *, dies: signal.Signals = signal.SIGTERM, **more: Any) -> subprocess.Popen[bytes]:
    """Start it; end it with `end`. dies: see `bound`."""
    return subprocess.Popen(command, preexec_fn=bound(dies), **more)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of its group, even where it is stopped."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
