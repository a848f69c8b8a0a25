"""The token by which every process knows that rules, topics or segments changed."""

from __future__ import annotations

import uuid

from django.db import connection

from ..models import Revision


def hold_definitions() -> None:
    """Until the caller's transaction ends nobody else changes what conditions name: segments, scores, topics, rules. So
    two who edit at once cannot make a circle of two segments, nor delete what the other begins to use. Taken before any
    row; the loops that build never take it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('headwater.definitions'), 0)")


def touch_revision() -> None:
    """Tell every process that rules, topics or segments changed (takes effect with the caller's commit)."""
    Revision.objects.update_or_create(pk=1, defaults={"token": uuid.uuid4()})
