"""Whether an error means that the session with the database has ended, whatever it calls itself."""

from __future__ import annotations

from django.db import OperationalError

#: A transaction stood still, or lasted, for too long: PostgreSQL ends the session and files that under internal errors
ENDED = ("25P03", "25P04")


def blame(error: Exception) -> None:
    """Raise OperationalError where PostgreSQL has ended the session: the database is to blame, not what was done."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlstate", None) in ENDED:
            raise OperationalError(f"the session has ended: {error}") from error
        cause = cause.__cause__
