"""Whether an error means that the session with the database has ended, whatever it calls itself."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, connection

#: A transaction stood still, or lasted, for too long: PostgreSQL ends the session and files that under internal errors
ENDED = ("25P03", "25P04")


def blame(error: Exception) -> None:
    """Raise OperationalError where PostgreSQL has ended the session: the database is to blame, not what was done."""
    if _ended(error):
        raise OperationalError(f"the session has ended: {error}") from error


def lost(error: Exception) -> bool:
    """Whether this thread's session is gone: the error says so, or it is what somebody met who went on without it."""
    ours = connection.connection
    return isinstance(error, (OperationalError, InterfaceError)) or _ended(error) or (ours is not None and ours.closed)


def _ended(error: BaseException | None) -> bool:
    while error is not None:
        if getattr(error, "sqlstate", None) in ENDED:
            return True
        error = error.__cause__
    return False
