"""COPY into a table, with the errors that Django's other statements raise."""

from __future__ import annotations

from django.db import connection


def copy_in(statement: str, lines: str) -> None:
    """Send lines in PostgreSQL's text format to a `COPY ... FROM STDIN`. Raises django.db errors: one of psycopg's own
    would tell nobody that it is the database that went away, and not what was written."""
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.write(lines)


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def escaped(text: str) -> str:
    """A value as it stands in such a line."""
    return text.translate(_ESCAPES)
