"""What a fresh or upgraded database needs beside its tables."""

from __future__ import annotations

from contextlib import suppress


class NoRoom(Exception):
    """The disk is full; the words say what became of the upgrade and what to do."""


def upgrade(verbosity: int = 0) -> None:
    """Bring the database to this release. Raises NoRoom where the disk does not suffice: the step that needed it was
    taken back, what came before it stays, and the next try goes on there."""
    from django.core.management import call_command
    from django.db import OperationalError

    try:
        call_command("migrate", verbosity=verbosity)
        after_migrate()
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "53100":  # disk_full
            raise
        raise NoRoom(
            "The disk that the database is on is too full to upgrade. The step that needed room was taken back, and "
            f"nothing is lost. Free as much as the database has now{_size()}, then start again: it goes on there."
        ) from error


def _size() -> str:
    from django.db import Error, connection

    with suppress(Error), connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        return f" ({cursor.fetchone()[0]})"
    return ""


def after_migrate() -> None:
    """Partitions of the log, a position for every consumer, the workspace, rules for scores. Safe to run again."""
    from django.utils.module_loading import import_string

    for path in ("headwater.timeline.partitions.ensure", "headwater.timeline.actions.ensure_consumers"):
        import_string(path)()
    import_string("headwater.accounts.actions.ensure_workspace")()
    import_string("headwater.audience.actions.ensure_defaults")()
