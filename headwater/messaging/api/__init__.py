"""Messages over the API; `headwater api` runs the same operations."""

from __future__ import annotations

from . import pushes, templates
from .mails import router

router.add_router("", templates.router)
router.add_router("", pushes.router)

__all__ = ["router"]
