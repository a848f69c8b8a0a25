"""The token by which every process knows that rules, topics or segments changed."""

from __future__ import annotations

import uuid

from ..models import Revision


def touch_revision() -> None:
    """Tell every process that rules, topics or segments changed (takes effect with the caller's commit)."""
    Revision.objects.update_or_create(pk=1, defaults={"token": uuid.uuid4()})
