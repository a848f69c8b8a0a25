"""Points at which tests kill the process, between two steps of the product's work.

`HEADWATER_KILL_FILE` names a file. A process that passes `point(name)` while the file holds that name takes the file
away and sends SIGKILL to itself: once, however often it is started again. Where the file holds "freeze NAME", it stops
(SIGSTOP), as if its machine had. Without the variable a point is nothing.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_file = os.environ.get("HEADWATER_KILL_FILE", "")


def point(name: str) -> None:
    """A place between two steps where a kill must lose nothing and repeat nothing."""
    if not _file:
        return
    path = Path(_file)
    try:
        text = path.read_text().strip()
        if text.removeprefix("freeze ") != name:
            return
        path.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGSTOP if text.startswith("freeze ") else signal.SIGKILL)
