"""Push messages over the push services of browsers (RFC 8030)."""

from __future__ import annotations

from .courier import Courier
from .services import Note, allowed, send

__all__ = ["Courier", "Note", "allowed", "send"]
