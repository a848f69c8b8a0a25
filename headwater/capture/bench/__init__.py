"""Benches of this package. Nothing here may need Django when it is imported: the reference server loads it too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.core.registry import benches


def _ingest(args: Any, progress: Callable[[str], None]) -> dict[str, Any]:
    from .ingest import ingest

    return ingest(args, progress)


benches.add("ingest", _ingest)
