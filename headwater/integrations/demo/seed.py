"""Make the demo company: everything in one transaction, so that a kill leaves nothing half."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction

from headwater.accounts.models import Workspace

from . import furniture

#: Two seeders at once: the second waits, then finds everything there.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('headwater.demo'))"


def is_seeded() -> bool:
    """Whether the demo company is complete: the flag commits together with all of it."""
    return Workspace.objects.filter(pk=1, is_demo=True).exists()


def ensure(people: int = 600, progress: Callable[[str], None] = print) -> bool:
    """Make the demo company with a history of that many people. Returns False where it was there already."""
    if is_seeded():
        return False
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK)
        if is_seeded():
            return False
        progress("Setting up Northstar Analytics")
        furniture.ensure()
    return True
