"""Upgrading where something is in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from headwater.core.setup import NoRoom, upgrade


def breaking(code: str) -> Callable[..., Any]:
    """PostgreSQL refuses the first statement for this reason."""
    left = [f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"]

    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        return run(left.pop(), None, False, context) if left else run(sql, params, many, context)

    return execute


@pytest.mark.django_db(transaction=True)
def test_an_upgrade_that_finds_no_room_on_the_disk_says_how_much_it_needs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        size = cursor.fetchone()[0]
    with connection.execute_wrapper(breaking("disk_full")), pytest.raises(NoRoom) as caught:
        upgrade()
    assert str(caught.value) == (
        "The disk that the database is on is too full to upgrade. The step that needed room was taken back, and "
        f"nothing is lost. Free as much as the database has now ({size}), then start again: it goes on there."
    )
    with connection.execute_wrapper(breaking("too_many_connections")), pytest.raises(OperationalError):
        upgrade()
