"""Until people and audience have landed their actions: resolve them late."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Late:
    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._path), name)


people = _Late("headwater.people.actions")
audience = _Late("headwater.audience.queries")
