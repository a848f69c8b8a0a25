"""CPU seconds of processes and of all that they started (Linux; elsewhere nothing is known)."""

from __future__ import annotations

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The processes that it started and that run still, oldest first."""
    found: list[int] = []
    for task in sorted(Path(f"/proc/{pid}/task").glob("*"), key=lambda p: int(p.name)):
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return sorted(found)


def cpu(pid: int) -> float:
    """CPU seconds of a process, of its children that run still, and of those that ended."""
    return sum(_own(p) for p in _family(pid))


def parent(pid: int) -> int:
    """The process that started it; 0 where nobody knows."""
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def _family(pid: int) -> list[int]:
    return [pid, *(p for child in children(pid) for p in _family(child))]


def _own(pid: int) -> float:
    fields = _fields(pid)
    return sum(map(int, fields[11:15])) / TICK if fields else 0.0


def _fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
