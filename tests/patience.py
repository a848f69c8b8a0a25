"""How long a test waits for what must happen: as long as it may take on a quiet machine, and longer on a busy one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable


def patient(seconds: float) -> float:
    """So many seconds of a quiet machine, in seconds of this one as busy as it is now."""
    try:
        busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        busy = 1.0
    return seconds * max(1.0, busy)


def wait_for(condition: Callable[[], object], seconds: float = 20, what: str = "it did not happen in time") -> None:
    """Until it is so; fails after so many seconds of a quiet machine."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + patient(seconds), what
        time.sleep(0.05)
