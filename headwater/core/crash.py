"""Points at which tests kill the process: `HEADWATER_KILL_AT=name[:n]` sends SIGKILL to itself the n-th time that
`point(name)` is passed. Without the variable a point is one comparison."""

from __future__ import annotations

import os
import signal

_name, _, _count = os.environ.get("HEADWATER_KILL_AT", "").partition(":")
_left = int(_count or 1)


def point(name: str) -> None:
    """A place between two steps where a kill must lose nothing and repeat nothing."""
    global _left
    if name == _name:
        _left -= 1
        if _left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
